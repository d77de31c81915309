#include "reports/object_sentence.hpp"

#include "checker/object_catalogue.hpp"
#include "reports/sentence.hpp"
#include "reports/text.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace faultlab {
namespace {

// The operation that the checker names beside the observer.
std::optional<Op> other_op(const History& history, const Finding& finding) {
    const auto detail = finding.details.find("other");
    if (detail == finding.details.end() || detail->second.integer() == nullptr) return std::nullopt;
    const std::int64_t id = *detail->second.integer();
    if (id < 0 || static_cast<std::size_t>(id) >= history.size()) return std::nullopt;
    return history.op(id);
}

// "Pop by client 4", "Contains of 7 by client 4"
std::string subject_text(const Op& op) {
    std::string text = fmt::format("{}{} by client {}",
                                   visible(op.f, 40),
                                   op.arg.is_absent() ? "" : " of " + value_text(op.arg, 60),
                                   op.client);
    if (text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
    return text;
}

// "Pop by client 4 returned 7", "Pop by client 4 found nothing"
std::string found_text(const Op& op) {
    if (op.ret.is_absent()) return subject_text(op) + " found nothing";
    return fmt::format("{} returned {}", subject_text(op), value_text(op.ret, 60));
}

std::string of_two(const std::string& name, const Op& op, const Op& other) {
    if (name == "taken_twice") {
        return fmt::format("Clients {} and {} both took {}, which was added only once.",
                           other.client,
                           op.client,
                           value_text(op.ret, 60));
    }
    if (name == "out_of_order") {
        return fmt::format("{} before the value of {}, added earlier, was taken.",
                           found_text(op),
                           object_noun(other));
    }
    if (name == "lost_value") {
        return fmt::format("{}, but the value of {}, added before it, was never taken.",
                           found_text(op),
                           object_noun(other));
    }
    if (name == "lost_element") {
        return fmt::format(
            "{} although {} had been done before.", found_text(op), object_noun(other));
    }
    if (name == "reads_disagree") {
        return fmt::format("Reads by clients {} and {} each saw an element that the other did not, "
                           "though nothing was removed.",
                           other.client,
                           op.client);
    }
    if (name == "held_twice") {
        return fmt::format(
            "{} succeeded while the lock was held since {}.", subject_text(op), object_noun(other));
    }
    return {};
}

std::string of_sums(const std::string& name, const Finding& finding, const Op& op) {
    const auto fact = [&](const char* of) { return detail_text(finding, of); };
    if (name == "lost_addition" && finding.details.contains("other"))
        return found_text(op) + ", less than a read before it, though nothing negative was added.";
    if (name == "lost_addition")
        return fmt::format(
            "{}, but at least {} had been added before it began.", found_text(op), fact("least"));
    if (name == "addition_from_nowhere")
        return fmt::format(
            "{}, but at most {} can have been added by its return.", found_text(op), fact("most"));
    return {};
}

} // namespace

bool is_about_object(const Finding& finding) {
    return find_object_model(detail_text(finding, "model")) != nullptr;
}

std::string object_noun(const Op& op) {
    std::string text = fmt::format("the {}{} by client {}",
                                   visible(op.f, 40),
                                   op.arg.is_absent() ? "" : " of " + value_text(op.arg, 60),
                                   op.client);
    if (op.status == OpStatus::ok && !op.ret.is_absent() && op.ret != op.arg)
        text += ", which returned " + value_text(op.ret, 60);
    return text;
}

std::string object_sentence(const History& history, const Finding& finding, const Op& op) {
    const std::string name = class_of(finding);
    if (name == "value_from_nowhere" || name == "element_from_nowhere")
        return found_text(op) + ", which nothing had added by then.";
    if (name == "false_empty")
        return found_text(op) + ", although at every moment of it some value was there.";
    if (name == "released_unheld")
        return fmt::format("Client {} released the lock without having acquired it.", op.client);
    if (finding.details.contains("least")) return of_sums(name, finding, op);
    const std::optional<Op> other = other_op(history, finding);
    if (name == "out_of_order" && !other)
        return "Some of these values are always on the stack, and none of them can have been below "
               "the others.";
    return other ? of_two(name, op, *other) : std::string();
}

} // namespace faultlab
