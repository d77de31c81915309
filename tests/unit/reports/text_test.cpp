#include "reports/text.hpp"
#include "tests/support/catch.hpp"

#include <string>

using namespace faultlab;

TEST_CASE("what cannot be seen is written out") {
    CHECK(visible("plain, ünïcode, 漢字") == "plain, ünïcode, 漢字");
    CHECK(visible(std::string("a\0b", 3)) == "a\\u0000b");
    CHECK(visible("line\nnext\t\x1b[31m") == "line\\nnext\\t\\u001b[31m");
    CHECK(visible("abc\xe2\x80\xae"
                  "def") == "abc\\u202edef");
    CHECK(visible("\xe2\x80\x8b\xef\xbb\xbf") == "\\u200b\\ufeff");
    CHECK(visible("\xff\xc0\xaf\xed\xa0\x80") == "\\xff\\xc0\\xaf\\xed\\xa0\\x80");
    CHECK(visible("cut \xe6\xbc") == "cut \\xe6\\xbc");
}

TEST_CASE("visible text stays as it is") {
    for (const char* text : {"\x01\xff\xe2\x80\xae", "a\\nb", "…(3 bytes)"}) {
        const std::string once = visible(text);
        CHECK(visible(once) == once);
    }
}

TEST_CASE("a long text is cut in the middle and its size is said") {
    const std::string cut = visible("head" + std::string(1 << 20, 'x') + "tail", 40);
    CHECK(cut.starts_with("headxxx"));
    CHECK(cut.find("…") != std::string::npos);
    CHECK(cut.ends_with("xtail (1,048,584 bytes)"));
    CHECK(width_of(cut) < 70);
    CHECK(visible("exactly ten", 11) == "exactly ten");
}

TEST_CASE("a cut never splits a character") {
    for (std::size_t limit = 1; limit < 30; ++limit) {
        std::string text;
        for (int i = 0; i < 200; ++i)
            text += "漢";
        const std::string cut = visible(text, limit);
        CHECK(cut.find("\\x") == std::string::npos);
    }
}

TEST_CASE("the five characters of markup become entities") {
    CHECK(escape("</script><img src=x onerror='a'>&\"") ==
          "&lt;/script&gt;&lt;img src=x onerror=&#39;a&#39;&gt;&amp;&quot;");
}

TEST_CASE("numbers and times are written for people") {
    CHECK(count_text(0) == "0");
    CHECK(count_text(999) == "999");
    CHECK(count_text(-48'930) == "-48,930");
    CHECK(count_text(1'234'567) == "1,234,567");
    CHECK(count_text(1, "key") == "1 key");
    CHECK(moment_text(12'393'400'000) == "12.393");
    CHECK(moment_text(999'600'000) == "1.000");
    CHECK(moment_text(0) == "0.000");
    CHECK(duration_text(38 * millisecond) == "38 ms");
    CHECK(duration_text(1'250 * millisecond) == "1.25 s");
    CHECK(duration_text(640 * microsecond) == "640 µs");
    CHECK(duration_text(125 * second) == "2 min 5 s");
    CHECK(seed_text(0x5eed1234) == "0x5eed1234");
}

TEST_CASE("values are told apart from each other") {
    CHECK(value_text(Value{}) == "absent");
    CHECK(value_text(Value{0}) == "0");
    CHECK(value_text(Value{"0"}) == "\"0\"");
    CHECK(value_text(Value::List{1, "a"}) == "[1,\"a\"]");
    CHECK(key_text(Value{"k17"}) == "k17");
    CHECK(key_text(Value{"k 17"}) == "\"k 17\"");
    CHECK(value_text(Value{std::string(1 << 20, 'y')}, 20).size() < 60);
    CHECK(list_text({"a", "b", "c"}) == "a, b and c");
}
