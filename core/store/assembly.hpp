#pragma once

#include "core/record.hpp"
#include "core/store/import.hpp"
#include "core/store/token.hpp"
#include "core/store/value_interner.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace faultlab {

/// Makes a history of its events, whatever text they were read from: knows which process does what,
/// and refuses what is no history. Owned by one thread.
class HistoryAssembly {
public:
    HistoryAssembly(std::string_view file_name, const ImportOptions& options, HistoryFormat format)
        : file_name_(file_name),
          namespaces_(options.keep_all ? Namespaces::ignored : options.namespaces),
          keeps_all_(options.keep_all), from_edn_(format == HistoryFormat::edn),
          interner_(builder_) {
        kept_.whole = options.keep_all;
    }
    HistoryAssembly(const HistoryAssembly&) = delete;
    HistoryAssembly& operator=(const HistoryAssembly&) = delete;

    void reserve(std::size_t operations) { builder_.reserve(operations); }

    /// Where all is kept: takes a field that is none of ours into its event.
    void keep(std::string_view name, const Token& token, EventFields& event);

    /// Takes the next event, which stands in `line`. False: it is refused, and error() says why.
    [[nodiscard]] bool add(const EventFields& event, std::size_t line);
    [[nodiscard]] const Error& error() const { return *error_; }

    /// An error about a place of the file. Always false, as `add` when it refuses.
    bool refuse(std::size_t line, std::string_view wrong, std::string_view expected);

    [[nodiscard]] ImportedHistory finish();

private:
    /// An f that occurs.
    struct Name {
        std::string text;
        Symbol symbol = 0;
        std::size_t first_line = 0;
        bool takes_argument = false;
        bool tells_answer = false;
        bool acknowledges = false;
        bool transaction = false;
    };
    /// What a process does now.
    struct Process {
        enum class State : std::uint8_t { idle, busy, ended };
        State state = State::idle;
        std::uint32_t name = 0; ///< of its open operation, as all below
        Symbol key = 0;
        Symbol arg = 0;
        std::uint32_t op = 0;
        std::size_t line = 0; ///< of its last event
    };

    bool add_operation(const EventFields& event, const Token& process);
    bool invoke(const EventFields& event, std::int32_t process, std::uint32_t name, Process& state);
    bool complete(const EventFields& event, OpStatus status, std::uint32_t name, Process& state);
    Index next_index();
    bool note_namespace(const EventFields& event);
    bool same_namespace(const EventFields& event, OpStatus status, const Process& state);
    [[nodiscard]] Symbol space_of(std::uint32_t op) const {
        return op < spaces_.size() ? spaces_[op] : 0;
    }
    bool misses_value(const EventFields& event, std::string_view expected);
    bool answer(const EventFields& event, const Process& state, InternedReturn& returned);
    bool answer_beside(const EventFields& event, const Process& state, InternedReturn& returned);
    /// These, and those that are none of ours.
    std::vector<KeptField> left_over(const EventFields& event,
                                     std::initializer_list<Field> fields) const;
    void keep_event(const EventFields& event);
    void keep_for_display(const EventFields& event, const Token& process);

    bool refuse(std::string_view wrong, std::string_view expected) {
        return refuse(line_, wrong, expected);
    }
    bool text_of(const EventFields& event, Field field, std::string_view& text);
    bool integer_of(const EventFields& event, Field field, std::int64_t& integer);
    bool number_of(const EventFields& event, Field field, std::int32_t& number);
    bool key_of(const EventFields& event, Field field, Symbol& key);
    bool value_of(const EventFields& event, Field field, bool transaction, Symbol& value);
    bool transaction_of(const Token& token, Field field, Symbol& value);
    [[nodiscard]] History in_namespaces(const History& history) const;
    std::uint32_t name_of_f(std::string_view f);
    Process& process(std::int32_t number);

    std::string file_name_;
    Namespaces namespaces_;
    bool keeps_all_;
    bool from_edn_;
    Kept kept_;
    std::size_t line_ = 0;
    Nanos t_ = 0; ///< of this event, or of the last one that had a time
    Index next_index_ = 0;
    EventLines lines_;
    HistoryBuilder builder_;
    ValueInterner interner_;
    std::vector<Name> names_;
    boost::unordered_flat_map<std::string, std::uint32_t> far_names_; ///< those beyond a few
    bool has_namespaces_ = false;
    std::vector<Symbol> spaces_;     ///< by operation, until the last that has a namespace
    std::vector<Process> processes_; ///< by number
    boost::unordered_flat_map<std::int32_t, Process> far_processes_; ///< those beyond
    Record record_;
    std::optional<Error> error_;
};

/// "n3" is node 2. Other names are for people and no number of ours.
[[nodiscard]] NodeId node_of_name(std::string_view name);

} // namespace faultlab
