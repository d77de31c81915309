#include "tests/lint/lints.hpp"

#include <algorithm>
#include <array>

namespace faultlab::lint {

namespace {

constexpr std::array<std::string_view, 6> pure_folders = {
    "core", "checker", "workloads", "reports", "nemesis", "replica/core"};
/// Effectful folders inside pure ones.
constexpr std::array<std::string_view, 2> effectful_folders = {"core/store", "nemesis/node"};

enum class Form {
    name, ///< wherever the word stands
    call, ///< only as a call of the C or std function: not a member, not a declaration
    std,  ///< only with std:: before it
};

struct Rule {
    std::string_view word;
    Form form;
    std::string_view instead;
};

constexpr std::string_view clock = "time is passed in (core/clock.hpp)";
constexpr std::string_view random = "randomness comes from a passed Rng (core/rng.hpp)";
constexpr std::string_view wait = "pure code does not wait";
constexpr std::string_view threads = "pure code starts no threads";
constexpr std::string_view output = "pure code returns text, the command line prints it";
constexpr std::string_view input = "pure code gets what it reads as a value";

constexpr Rule pure_rules[] = {
    {"system_clock", Form::name, clock},
    {"steady_clock", Form::name, clock},
    {"high_resolution_clock", Form::name, clock},
    {"utc_clock", Form::name, clock},
    {"clock_gettime", Form::name, clock},
    {"gettimeofday", Form::name, clock},
    {"time", Form::call, clock},
    {"clock", Form::call, clock},
    {"random_device", Form::name, random},
    {"mt19937", Form::name, random},
    {"mt19937_64", Form::name, random},
    {"minstd_rand", Form::name, random},
    {"default_random_engine", Form::name, random},
    {"uniform_int_distribution", Form::name, random},
    {"uniform_real_distribution", Form::name, random},
    {"rand", Form::call, random},
    {"srand", Form::call, random},
    {"random", Form::call, random},
    {"sleep_for", Form::name, wait},
    {"sleep_until", Form::name, wait},
    {"sleep", Form::call, wait},
    {"usleep", Form::name, wait},
    {"nanosleep", Form::name, wait},
    {"jthread", Form::name, threads},
    {"pthread_create", Form::name, threads},
    {"thread", Form::std, threads},
    {"async", Form::std, threads},
    {"cout", Form::name, output},
    {"cerr", Form::name, output},
    {"clog", Form::name, output},
    {"printf", Form::call, output},
    {"fprintf", Form::call, output},
    {"puts", Form::call, output},
    {"fputs", Form::call, output},
    {"print", Form::call, output},
    {"println", Form::call, output},
    {"ifstream", Form::name, input},
    {"ofstream", Form::name, input},
    {"fopen", Form::name, input},
    {"getenv", Form::name, input},
};

/// The core of the replicated store gives the same effects for the same inputs, everywhere.
constexpr std::string_view deterministic_folder = "replica/core";
constexpr std::string_view order = "the order of iteration must be the same in every run";
constexpr std::string_view exact = "protocol state is integers: floating point differs by build";

constexpr Rule deterministic_rules[] = {
    {"unordered_map", Form::name, order},
    {"unordered_set", Form::name, order},
    {"unordered_multimap", Form::name, order},
    {"unordered_flat_map", Form::name, order},
    {"float", Form::name, exact},
    {"double", Form::name, exact},
    {"mutex", Form::std, threads},
    {"atomic", Form::std, threads},
};

constexpr std::string_view ownership = "std::make_unique or a container owns it";

constexpr Rule rules_everywhere[] = {
    {"malloc", Form::call, ownership},
    {"calloc", Form::call, ownership},
    {"realloc", Form::call, ownership},
    {"free", Form::call, ownership},
    {"goto", Form::name, "a function or a loop says it better"},
};

/// The owners of memory below the containers: zeroes that nobody has touched yet, and what gives
/// containers theirs.
constexpr std::string_view owners_of_memory[] = {"replica/core/zeroed_bytes.hpp",
                                                 "controller/cli/large_allocations.cpp"};

bool is_pure(std::string_view path) {
    const auto holds = [&](std::string_view folder) { return lies_in(path, folder); };
    return std::ranges::any_of(pure_folders, holds) &&
           std::ranges::none_of(effectful_folders, holds);
}

struct Word {
    std::string_view text;
    std::size_t begin = 0;
};

std::vector<Word> words_of(std::string_view code) {
    std::vector<Word> words;
    for (std::size_t i = 0; i < code.size(); ++i) {
        if (!is_word(code[i])) continue;
        const std::size_t begin = i;
        while (i < code.size() && is_word(code[i]))
            ++i;
        words.push_back({code.substr(begin, i - begin), begin});
    }
    return words;
}

/// What stands before a position, without the spaces between.
std::string_view before(std::string_view code, std::size_t position) {
    const std::size_t last = code.substr(0, position).find_last_not_of(" \t\n");
    return last == std::string_view::npos ? std::string_view{} : code.substr(0, last + 1);
}

char next_character(std::string_view code, std::size_t position) {
    const std::size_t found = code.find_first_not_of(" \t\n", position);
    return found == std::string_view::npos ? '\0' : code[found];
}

std::string_view last_word(std::string_view text) {
    std::size_t begin = text.size();
    while (begin > 0 && is_word(text[begin - 1]))
        --begin;
    return text.substr(begin);
}

/// The scope named before a word: "std" in std::time, "" in time and ::time.
std::string_view scope_before(std::string_view code, std::size_t position) {
    const std::string_view head = before(code, position);
    return head.ends_with("::") ? last_word(head.substr(0, head.size() - 2)) : std::string_view{};
}

bool is_library_call(std::string_view code, const Word& word) {
    if (next_character(code, word.begin + word.text.size()) != '(') return false;
    const std::string_view head = before(code, word.begin);
    if (head.ends_with("::")) {
        const std::string_view scope = scope_before(code, word.begin);
        return scope.empty() || scope == "std" || scope == "fmt";
    }
    if (head.ends_with('.') || head.ends_with("->")) return false;
    const std::string_view previous = last_word(head);
    const bool declared = !previous.empty() && previous != "return" && previous != "co_return";
    return !declared && !head.ends_with('>') && !head.ends_with('&') && !head.ends_with('*') &&
           !head.ends_with('~');
}

bool breaks(const Rule& rule, std::string_view code, const Word& word) {
    if (rule.word != word.text) return false;
    switch (rule.form) {
        case Form::name: return true;
        case Form::call: return is_library_call(code, word);
        case Form::std: return scope_before(code, word.begin) == "std";
    }
    return false;
}

/// `new` and `delete` but for operators of a class and deleted functions.
bool is_raw_ownership(std::string_view code, const Word& word) {
    if (word.text != "new" && word.text != "delete") return false;
    const std::string_view head = before(code, word.begin);
    return last_word(head) != "operator" && !(word.text == "delete" && head.ends_with('='));
}

bool is_using_std(const std::vector<Word>& words, std::size_t i, std::string_view code) {
    return i + 2 < words.size() && words[i].text == "using" && words[i + 1].text == "namespace" &&
           words[i + 2].text == "std" && next_character(code, words[i + 2].begin + 3) == ';';
}

void check_code(const SourceFile& file, Problems& problems) {
    const std::string code = code_of(file.text);
    const std::vector<Word> words = words_of(code);
    const bool pure = is_pure(file.path);
    const bool deterministic = lies_in(file.path, deterministic_folder);
    for (std::size_t i = 0; i < words.size(); ++i) {
        const Word& word = words[i];
        const auto report = [&](std::string_view instead) {
            problems.push_back({file.path,
                                line_at(code, word.begin),
                                "`" + std::string(word.text) + "`: " + std::string(instead)});
        };
        const auto report_rule = [&](const Rule& rule) {
            if (breaks(rule, code, word)) report(rule.instead);
        };
        if (pure) std::ranges::for_each(pure_rules, report_rule);
        if (deterministic) std::ranges::for_each(deterministic_rules, report_rule);
        if (std::ranges::find(owners_of_memory, file.path) == std::end(owners_of_memory)) {
            std::ranges::for_each(rules_everywhere, report_rule);
            if (is_raw_ownership(code, word)) report(ownership);
        }
        if (is_using_std(words, i, code)) report("names keep their std::");
    }
}

bool is_letter(char character) {
    return is_word(character) && !(character >= '0' && character <= '9');
}

/// A reason is at least a word of three letters.
bool has_reason(std::string_view text) {
    int letters = 0;
    for (const char character : text) {
        letters = is_letter(character) ? letters + 1 : 0;
        if (letters >= 3) return true;
    }
    return false;
}

/// "TODO(#12)" or "TODO: …, issue 12".
bool names_issue(std::string_view text) {
    for (const std::string_view mark : {"#", "issue "}) {
        const std::size_t found = text.find(mark);
        if (found == std::string_view::npos) continue;
        const std::size_t digit = found + mark.size();
        if (digit < text.size() && text[digit] >= '0' && text[digit] <= '9') return true;
    }
    return false;
}

void check_comment(const SourceFile& file, int line, std::string_view comment, Problems& problems) {
    if (const std::size_t at = comment.find("NOLINT"); at != std::string_view::npos) {
        const std::size_t close = comment.find(')', at);
        if (close == std::string_view::npos || !has_reason(comment.substr(close + 1))) {
            problems.push_back(
                {file.path, line, "say which check and why: NOLINT(check): the reason"});
        }
    }
    for (const std::string_view mark : {"TODO", "FIXME", "XXX"}) {
        const std::size_t at = comment.find(mark);
        if (at != std::string_view::npos && !names_issue(comment.substr(at))) {
            problems.push_back({file.path, line, std::string(mark) + " needs an issue: #12"});
        }
    }
}

} // namespace

Problems banned(const Tree& tree) {
    Problems problems;
    for (const SourceFile& file : tree) {
        if (!is_cpp(file)) continue;
        check_code(file, problems);
        const std::string comments = comments_of(file.text);
        int number = 0;
        for (const std::string_view line : lines_of(comments)) {
            check_comment(file, ++number, line, problems);
        }
    }
    return problems;
}

} // namespace faultlab::lint
