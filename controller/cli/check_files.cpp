#include "controller/cli/check_files.hpp"

#include "checker/catalogue.hpp"
#include "checker/judge.hpp"
#include "checker/kv_model.hpp"
#include "checker/misfits.hpp"
#include "checker/models.hpp"
#include "controller/cli/check_progress.hpp"
#include "controller/cli/checker_options.hpp"
#include "controller/cli/exit_codes.hpp"
#include "controller/cli/judging.hpp"
#include "controller/cli/output_file.hpp"
#include "controller/cli/processors.hpp"
#include "core/store/export.hpp"
#include "core/store/import.hpp"
#include "reports/sentence.hpp"
#include "reports/steps.hpp"
#include "reports/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

namespace faultlab {
namespace {

namespace fs = std::filesystem;

bool has_model_option(const CheckerEntry& entry) {
    const std::vector<OptionSpec> specs = entry.options();
    return std::ranges::find(specs, "model", &OptionSpec::name) != specs.end();
}

std::vector<std::string_view> names_of(const std::vector<const ModelEntry*>& models) {
    std::vector<std::string_view> names;
    for (const ModelEntry* model : models)
        names.push_back(model->name);
    return names;
}

/// Of what the format of histories knows, and no checker here judges.
Error not_there_yet(const std::string& file, std::string_view what) {
    return usage_error(fmt::format("{} is a transactional history ({}), and no checker of these is "
                                   "there yet",
                                   file,
                                   what),
                       "another model can be named, where its operations are those of the file: "
                       "--model MODEL");
}

/// The one model that the operations leave, of those of this checker; of all checkers if empty.
Result<const ModelEntry*>
inferred_model(const std::string& file, const ImportedHistory& in, std::string_view checker) {
    const History& history = in.record.history;
    const std::vector<std::string> used = operations_of(history);
    if (used.empty()) {
        return usage_error(fmt::format("{} has no operations that tell its model", file),
                           "name it: --model MODEL");
    }
    if (appends_to_lists(history)) return not_there_yet(file, "list-append");
    if (in.has_namespaces) { // which mean something to one model only
        FAULTLAB_TRY(const ModelEntry* const kv, find_model(kv_model));
        const auto known = [&](const std::string& f) {
            return std::ranges::find(kv->operations, f) != kv->operations.end();
        };
        if (std::ranges::all_of(used, known)) return kv;
    }
    std::vector<const ModelEntry*> models = models_for(history);
    // What does not fit the only model that has these operations is told when it is read.
    if (models.empty()) models = models_by_operations(history);
    if (!checker.empty()) {
        std::erase_if(models, [&](const ModelEntry* model) { return model->checker != checker; });
    }
    if (models.size() == 1) return models.front();
    const std::string operations = fmt::format("{}", fmt::join(used, ", "));
    if (models.empty()) {
        return usage_error(fmt::format("no model has the operations of {}: {}", file, operations),
                           "a checker that needs none can be named: --checker CHECKER");
    }
    return usage_error(
        fmt::format("the operations of {} ({}) leave several models", file, operations),
        fmt::format("choose one: --model {}", fmt::join(names_of(models), " | --model ")));
}

/// An f that the model does not know makes the file no history of that model.
Result<void>
knows_all(const ModelEntry& model, const std::string& file, const ImportedHistory& in) {
    for (const FirstUse& use : in.operations) {
        const bool known = std::ranges::find(model.operations, use.f) != model.operations.end();
        if (known) continue;
        return usage_error(fmt::format("{}:{}: f '{}' is no operation of model {}",
                                       file,
                                       use.line,
                                       visible(use.f, 60),
                                       model.name),
                           fmt::format("expected {}", fmt::join(model.operations, ", ")));
    }
    return {};
}

/// Nor does an operation of another shape than the model says.
Result<void> fits(const std::string& file, std::string_view model, const ImportedHistory& in) {
    const History& history = in.record.history;
    const auto misfit = first_misfit(history, model);
    if (!misfit) return {};
    const Op op = history.op(misfit->op);
    const bool asked = misfit->asked || op.ret_index == never;
    return usage_error(fmt::format("{}:{}: '{}' {}{} does not fit model {}",
                                   file,
                                   in.lines.of(asked ? op.inv_index : op.ret_index),
                                   visible(op.f, 60),
                                   to_text(op.arg, 60),
                                   asked ? "" : " → " + to_text(op.ret, 60),
                                   model),
                       misfit->expected);
}

Result<std::vector<CheckerRequest>> wanted_checkers(const CheckCommand& command,
                                                    const std::string& file,
                                                    const ImportedHistory& imported) {
    for (const std::string_view what : {"list-append", "rw-register"}) {
        const bool named = std::ranges::find(command.checkers, what) != command.checkers.end();
        if (named || command.model == what) return not_there_yet(file, what);
    }
    const ModelEntry* model = nullptr;
    const auto known = find_model(command.model);
    if (known) model = *known;
    bool used = command.model.empty(); // by a checker
    Options unused = command.options;
    std::vector<std::string> names = command.checkers;
    if (names.empty() && command.model.empty()) {
        FAULTLAB_TRY(model, inferred_model(file, imported, {}));
    }
    if (names.empty()) names = {model != nullptr ? std::string(model->checker) : "linearizability"};
    std::vector<CheckerRequest> wanted;
    for (const std::string& name : names) {
        CheckerRequest one{.name = name};
        FAULTLAB_TRY(const CheckerEntry* const entry, find_checker(name));
        one.options = own_options(*entry, command.options, unused);
        if (has_model_option(*entry)) {
            if (command.model.empty() && model == nullptr) {
                FAULTLAB_TRY(model, inferred_model(file, imported, name));
            }
            one.options["model"] = model != nullptr ? std::string(model->name) : command.model;
            used = true;
        }
        FAULTLAB_DO(
            complete_options(one.options, entry->options(), fmt::format("checker {}", name)));
        wanted.push_back(std::move(one));
    }
    FAULTLAB_DO(all_used(names, unused));
    if (!used) {
        return usage_error(fmt::format("checker {} has no models", fmt::join(names, ", ")),
                           "leave --model out");
    }
    if (model == nullptr) return wanted;
    if (imported.has_namespaces && model->name != kv_model) {
        return usage_error(
            fmt::format("{} has namespaces ('ns'), and model {} knows none", file, model->name),
            "take --model kv, which keeps the keys of namespaces apart, or leave 'ns' out where "
            "all keys are of one");
    }
    FAULTLAB_DO(knows_all(*model, file, imported));
    return wanted;
}

/// Empty where no checker has one.
std::string model_of(const std::vector<CheckerRequest>& wanted) {
    for (const CheckerRequest& one : wanted) {
        const auto model = one.options.find("model");
        if (model != one.options.end()) return model->second;
    }
    return {};
}

Result<ImportedHistory>
read_file(const std::string& name, Namespaces namespaces, CheckProgress::File& progress) {
    FAULTLAB_TRY(const auto source, open_source(name, &progress.reading()));
    return import_history(*source, name, {.namespaces = namespaces});
}

/// What a file holds, and who judges it.
struct Case {
    ImportedHistory imported;
    std::vector<CheckerRequest> wanted;
};

/// The operations may be those of kv, whose namespaces count, which only shows when they are read.
Result<Case>
open_case(const CheckCommand& command, const std::string& name, CheckProgress::File& progress) {
    const bool kv = command.model == kv_model;
    Case opened;
    FAULTLAB_TRY(opened.imported,
                 read_file(name, kv ? Namespaces::separate : Namespaces::ignored, progress));
    FAULTLAB_TRY(opened.wanted, wanted_checkers(command, name, opened.imported));
    if (kv || !opened.imported.has_namespaces || model_of(opened.wanted) != kv_model) return opened;
    if (name == "-") {
        return usage_error("standard input has namespaces ('ns'), and no model is named",
                           "name it: --model kv keeps the keys of namespaces apart");
    }
    FAULTLAB_TRY(opened.imported, read_file(name, Namespaces::separate, progress));
    return opened;
}

/// Events that look like operations, and are none: their process is no integer. Empty: none.
std::string taken_for_faults(const Record& record) {
    std::int64_t count = 0;
    std::string process;
    for (const Event& event : record.events) {
        const auto type = event.fields.find("type");
        const std::string* text = type == event.fields.end() ? nullptr : type->second.text();
        if (text == nullptr || *text == "info") continue; // as faults are
        if (count++ == 0) process = event.kind;
    }
    if (count == 0) return {};
    return fmt::format("{} of process '{}' and the like {} taken for faults, as {} process is no "
                       "integer: no checker looks at them",
                       count_text(count, "event"),
                       visible(process, 40),
                       count == 1 ? "is" : "are",
                       count == 1 ? "its" : "their");
}

Result<Judged> judge_file(const CheckCommand& command,
                          const std::string& name,
                          const Workers* workers,
                          CheckProgress::File& progress) {
    progress.begin_reading();
    FAULTLAB_TRY(Case opened, open_case(command, name, progress));
    const std::string model = model_of(opened.wanted);
    progress.begin_checking();
    if (!model.empty()) FAULTLAB_DO(fits(name, model, opened.imported));
    const std::string& judge = model.empty() ? opened.wanted.front().name : model;
    Judged judged{
        .run = {.id = fmt::format(
                    "{} --{} {}", shell_word(name), model.empty() ? "checker" : "model", judge)},
        .record = std::move(opened.imported.record)};
    judged.record.run_id = name;
    judged.record.meta["ended"] = "complete"; // no run was cut short
    if (const std::string taken = taken_for_faults(judged.record); !taken.empty())
        judged.record.meta["note"] = taken;
    judged.record.plan.workload = judge;
    if (!model.empty()) judged.record.plan.options["model"] = model;
    judged.results = run_checkers(judged.record, opened.wanted, command.limits, workers);
    judged.verdict = overall(judged.results);
    return judged;
}

/// The first violation that is shown by operations.
const Finding* first_violation(const Judged& judged) {
    for (const CheckResult& result : judged.results) {
        for (const Finding& finding : result.findings) {
            if (!is_doubt(finding) && !finding.ops.empty()) return &finding;
        }
    }
    return nullptr;
}

/// The operations of a counterexample as a history of their own. What cannot be put in order is
/// proven when the divergence returns: what had not returned then is open in it.
History history_of(const History& history, const Finding& finding) {
    Index shown = never;
    if (finding.divergence >= 0 && finding.checker == "linearizability") {
        const Index returned = history.ret_index()[static_cast<std::size_t>(finding.divergence)];
        if (returned != never) shown = returned;
    }
    HistoryBuilder builder;
    for (Op op : counterexample(history, finding)) {
        if (op.ret_index != never && op.ret_index > shown) {
            op.status = OpStatus::open;
            op.ret_index = never;
            op.ret = {};
            op.t_ret = -1;
        }
        builder.add(op);
    }
    return builder.build();
}

Error no_witness(std::string_view why) {
    return usage_error(fmt::format("there is no witness: {}", why),
                       "no file is written; the verdict stands");
}

/// Of a violation the counterexample, of a valid history its operations in an order that explains
/// them.
Result<History> witness_of(const Judged& judged, const CheckLimits& limits) {
    const History& history = judged.record.history;
    if (const Finding* finding = first_violation(judged)) return history_of(history, *finding);
    if (judged.verdict != Verdict::valid)
        return no_witness(fmt::format("the verdict is {}", to_string(judged.verdict)));
    const auto model = judged.record.plan.options.find("model");
    if (model == judged.record.plan.options.end()) {
        return no_witness(
            fmt::format("checker {} orders no operations", judged.record.plan.workload));
    }
    const Witness found = witness_within(limits, history, model->second);
    if (!found.missing.empty()) return no_witness(found.missing);
    return one_after_another(history, found.order);
}

/// Of operations one after the other: the info of each follows its invocation at once, for that is
/// where it took effect, and its time says something else.
Kept infos_in_place(const History& history) {
    Kept kept;
    for (std::size_t i = 0; i < history.size(); ++i) {
        if (history.status()[i] == OpStatus::info)
            kept.info_index.emplace(static_cast<OpId>(i), history.inv_index()[i] + 1);
    }
    return kept;
}

Result<void> write_witness(History history, bool in_order, const fs::path& path) {
    const Kept kept = in_order ? infos_in_place(history) : Kept{};
    const Record example{.history = std::move(history)};
    const HistoryFormat format = format_of_name(path.string()).value_or(HistoryFormat::jsonl);
    return write_packed_file(
        path, [&](std::ostream& out) { return export_history(example, format, out, kept); });
}

/// What there is to say when the witness is wanted. The verdict is worth as much without one: that
/// there is none changes no exit code, as that it cannot be written does.
void take_witness(const CheckCommand& command,
                  const Judged& judged,
                  FileOutcome& outcome,
                  std::vector<int>& codes) {
    auto found = witness_of(judged, command.limits);
    if (!found) {
        outcome.errors.push_back(found.error());
        return;
    }
    if (found->size() == 0) {
        outcome.errors.push_back(usage_error(
            "the witness is empty", "no operation is sure to have taken effect, and none need"));
    }
    const bool in_order = judged.verdict == Verdict::valid;
    const auto written = write_witness(std::move(*found), in_order, command.witness);
    if (written) return;
    outcome.errors.push_back(written.error());
    codes.push_back(exit_code(written.error().kind));
}

/// Every violation, also those that the first screen has no room for.
std::string explained(const Judged& judged) {
    std::string text;
    for (const CheckResult& result : judged.results) {
        for (const Finding& finding : result.findings) {
            text += fmt::format("\n{}: {}\n  {}\n",
                                finding.checker,
                                headline_of(judged.record.plan.workload, finding),
                                sentence_of(judged.record, finding, result.reason));
            for (const StoryStep& step : make_steps(judged.record, finding)) {
                text += fmt::format("  {:>10}  {}  {}  {}{}\n",
                                    moment_text(step.t),
                                    step.actor,
                                    step.action,
                                    step.outcome,
                                    step.divergent ? "  ✖" : "");
            }
            if (!finding.details.empty())
                text += fmt::format("  {}\n", params_text(finding.details, 200));
        }
    }
    return text;
}

FileOutcome outcome_of(const CheckCommand& command,
                       const std::string& name,
                       const Workers* workers,
                       CheckProgress::File& progress) {
    FileOutcome outcome;
    const bool several = command.runs.size() > 1;
    const auto judged = judge_file(command, name, workers, progress);
    progress.finish();
    if (!judged) {
        outcome.failed = true;
        outcome.errors.push_back(judged.error());
        outcome.code = exit_code(judged.error().kind);
        return outcome;
    }
    std::vector<int> codes = {exit_code(*judged)};
    const bool brief = several && judged->verdict == Verdict::valid && !command.explain;
    if (brief && !command.common.json) {
        outcome.text = fmt::format(
            "valid    {}  {}\n",
            judged->run.id,
            count_text(static_cast<std::int64_t>(judged->record.history.size()), "operation"));
    } else {
        outcome.text = outcome_text(command.common, *judged, {});
        if (command.explain && !command.common.json) outcome.text += explained(*judged);
    }
    if (!command.witness.empty()) take_witness(command, *judged, outcome, codes);
    outcome.code = combined_exit_code(codes);
    return outcome;
}

/// As outcome_of; what a thread throws must not end the process and the other files with it.
FileOutcome safe_outcome_of(const CheckCommand& command,
                            const std::string& name,
                            const Workers* workers,
                            CheckProgress::File& progress) {
    try {
        return outcome_of(command, name, workers, progress);
    } catch (const std::exception& bug) {
        progress.finish();
        return {.errors = {lab_error(fmt::format("checking {} failed: {}", name, bug.what()))},
                .failed = true,
                .code = exit_lab_error};
    }
}

/// A run of another name than run.db: whoever looks for runs says what is wrong with that.
bool is_database(const fs::path& path) {
    constexpr std::string_view magic = "SQLite format 3";
    std::ifstream file(path, std::ios::binary);
    std::string start(magic.size(), '\0');
    file.read(start.data(), static_cast<std::streamsize>(start.size()));
    return start == magic;
}

} // namespace

bool names_history(const std::string& name) {
    if (name == "-" || format_of_name(name)) return true;
    const fs::path path(name);
    const bool like_file = path.has_parent_path() || path.has_extension();
    if (!like_file || path.filename() == "run.db") return false;
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (fs::is_regular_file(status)) return !is_database(path);
    return fs::exists(status) && !fs::is_directory(status); // a pipe, say; it can be read once
}

std::vector<FileOutcome> check_files(const CheckCommand& command,
                                     const std::vector<std::string>& names) {
    CheckProgress progress;
    std::vector<CheckProgress::File*> files;
    for (const std::string& name : names)
        files.push_back(&progress.add(name));
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    const std::size_t workers = std::min(names.size(), cores);
    // The limit on memory is for the process.
    CheckCommand shared = command;
    if (workers > 1) shared.limits.memory_bytes /= static_cast<std::int64_t>(workers);
    // One file has all processors for itself; of several each has a thread.
    const Processors processors;
    const Workers* const inside = workers > 1 ? nullptr : &processors;
    std::vector<FileOutcome> outcomes(names.size());
    std::atomic<std::size_t> next = 0;
    progress.start();
    {
        std::vector<std::jthread> threads;
        for (std::size_t worker = 0; worker < workers; ++worker) {
            threads.emplace_back([&] {
                for (std::size_t i = next++; i < names.size(); i = next++)
                    outcomes[i] = safe_outcome_of(shared, names[i], inside, *files[i]);
            });
        }
    }
    progress.stop();
    return outcomes;
}

} // namespace faultlab
