#include "nemesis/grudge.hpp"

#include "core/check.hpp"
#include "core/options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace faultlab {
namespace {

using Link = std::pair<std::size_t, std::size_t>;
/// Which hosts, by position, are connected. Symmetric, and true on the diagonal.
using Matrix = std::vector<std::vector<bool>>;

std::size_t degree(const Matrix& links, std::size_t host) {
    return static_cast<std::size_t>(std::ranges::count(links[host], true));
}

bool majorities_all_different(const Matrix& links) {
    std::set<std::vector<bool>> seen;
    for (std::size_t host = 0; host < links.size(); ++host) {
        if (degree(links, host) < links.size() / 2 + 1) return false;
        if (!seen.insert(links[host]).second) return false;
    }
    return true;
}

/// Each host sees itself and its `reach` neighbours on either side of a cycle.
Matrix cycle(std::size_t hosts, std::size_t reach) {
    Matrix links(hosts, std::vector<bool>(hosts, false));
    for (std::size_t host = 0; host < hosts; ++host) {
        for (std::size_t step = 0; step <= reach; ++step) {
            links[host][(host + step) % hosts] = true;
            links[(host + step) % hosts][host] = true;
        }
    }
    return links;
}

Matrix exact_ring(std::size_t hosts) {
    Matrix links = cycle(hosts, 1);
    if (hosts == 3) { // a cycle of three would cut nothing
        links[0][2] = false;
        links[2][0] = false;
    }
    return links;
}

/// The links whose two ends can both spare one, of those the ones with the best connected ends.
std::vector<Link> spare_links(const Matrix& links) {
    const std::size_t majority = links.size() / 2 + 1;
    std::vector<Link> best;
    std::size_t best_degree = 0;
    for (std::size_t a = 0; a < links.size(); ++a) {
        for (std::size_t b = a + 1; b < links.size(); ++b) {
            const std::size_t of_a = degree(links, a);
            const std::size_t of_b = degree(links, b);
            if (!links[a][b] || of_a <= majority || of_b <= majority) continue;
            if (of_a + of_b < best_degree) continue;
            if (of_a + of_b > best_degree) best.clear();
            best_degree = of_a + of_b;
            best.emplace_back(a, b);
        }
    }
    return best;
}

Matrix thinned(std::size_t hosts, Rng& rng) {
    Matrix links(hosts, std::vector<bool>(hosts, true));
    for (auto spare = spare_links(links); !spare.empty(); spare = spare_links(links)) {
        const auto [a, b] = spare[static_cast<std::size_t>(rng.below(spare.size()))];
        links[a][b] = false;
        links[b][a] = false;
    }
    return links;
}

Matrix ring_links(std::size_t hosts, Rng& rng) {
    if (hosts <= 5) return exact_ring(hosts);
    constexpr int trials = 20;
    for (int trial = 0; trial < trials; ++trial) {
        Matrix links = thinned(hosts, rng);
        if (majorities_all_different(links)) return links;
    }
    return cycle(hosts, (hosts + 3) / 4); // 2 * reach + 1 hosts: a majority, and not yet all
}

std::string trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(' ');
    if (first == std::string_view::npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(' ') - first + 1));
}

std::vector<std::string> split(std::string_view text, std::string_view separators) {
    std::vector<std::string> parts;
    std::size_t start = 0;
    for (;;) {
        const std::size_t end = text.find_first_of(separators, start);
        parts.push_back(trimmed(text.substr(start, end - start)));
        if (end == std::string_view::npos) return parts;
        start = end + 1;
    }
}

Result<Side> side_from(std::string_view text, std::span<const std::string> hosts) {
    Side side = split(text, ",+");
    for (const std::string& name : side) {
        if (std::ranges::find(hosts, name) != hosts.end()) continue;
        return usage_error(fmt::format("'{}' in a partition is no host", name),
                           fmt::format("nearest: {}", fmt::join(nearest_names(name, hosts), ", ")));
    }
    return side;
}

Result<Grudge> grudge_from_sides(std::string_view text, std::span<const std::string> hosts) {
    std::vector<Side> sides;
    std::set<std::string> placed;
    for (const std::string& part : split(text, "|")) {
        FAULTLAB_TRY(Side side, side_from(part, hosts));
        for (const std::string& name : side) {
            if (!placed.insert(name).second) {
                return usage_error(fmt::format("'{}' stands twice in partition '{}'", name, text));
            }
        }
        sides.push_back(std::move(side));
    }
    return complete_grudge(sides);
}

Result<Grudge> grudge_from_drops(std::string_view text, std::span<const std::string> hosts) {
    Grudge grudge;
    for (const std::string& clause : split(text, ";")) {
        const std::size_t arrow = clause.find("<-");
        if (arrow == std::string::npos) {
            return usage_error(fmt::format("cannot read '{}' in a partition", clause),
                               "write sides as 'n1|n2,n3', or drops as 'n1<-n2,n3;n2<-n1'");
        }
        const std::string_view whole = clause;
        FAULTLAB_TRY(const Side deaf, side_from(whole.substr(0, arrow), hosts));
        FAULTLAB_TRY(const Side unheard, side_from(whole.substr(arrow + 2), hosts));
        for (auto& [host, drops] : one_way_grudge(deaf, unheard))
            grudge[host].insert(drops.begin(), drops.end());
    }
    return grudge;
}

} // namespace

bool hears(const Grudge& grudge, const std::string& to, const std::string& from) {
    const auto drops = grudge.find(to);
    return drops == grudge.end() || !drops->second.contains(from);
}

bool linked(const Grudge& grudge, const std::string& a, const std::string& b) {
    return hears(grudge, a, b) && hears(grudge, b, a);
}

std::set<std::string>
visible(const Grudge& grudge, const std::string& host, std::span<const std::string> hosts) {
    std::set<std::string> seen;
    for (const std::string& other : hosts) {
        if (linked(grudge, host, other)) seen.insert(other);
    }
    return seen;
}

bool is_symmetric(const Grudge& grudge) {
    return std::ranges::all_of(grudge, [&](const auto& entry) {
        return std::ranges::all_of(entry.second, [&](const std::string& from) {
            return !hears(grudge, from, entry.first);
        });
    });
}

std::set<std::string> concerned(const Grudge& grudge) {
    std::set<std::string> hosts;
    for (const auto& [host, drops] : grudge) {
        hosts.insert(host);
        hosts.insert(drops.begin(), drops.end());
    }
    return hosts;
}

Grudge complete_grudge(std::span<const Side> sides) {
    Grudge grudge;
    for (const Side& side : sides) {
        for (const Side& other : sides) {
            if (&side == &other) continue;
            for (const std::string& host : side)
                grudge[host].insert(other.begin(), other.end());
        }
    }
    std::erase_if(grudge, [](const auto& entry) { return entry.second.empty(); });
    return grudge;
}

Grudge one_way_grudge(std::span<const std::string> deaf, std::span<const std::string> unheard) {
    Grudge grudge;
    for (const std::string& host : deaf) {
        for (const std::string& from : unheard) {
            if (from != host) grudge[host].insert(from);
        }
    }
    return grudge;
}

Grudge bridge_grudge(std::span<const std::string> hosts) {
    FAULTLAB_CHECK(hosts.size() >= 3);
    const auto rest = hosts.subspan(1);
    const auto half = rest.size() / 2;
    const std::vector<Side> sides = {Side(rest.begin(), rest.begin() + static_cast<long>(half)),
                                     Side(rest.begin() + static_cast<long>(half), rest.end())};
    return complete_grudge(sides);
}

Grudge ring_grudge(std::span<const std::string> hosts, Rng& rng) {
    FAULTLAB_CHECK(hosts.size() >= 3);
    std::vector<std::string> order(hosts.begin(), hosts.end());
    rng.shuffle(std::span(order));
    const Matrix links = ring_links(order.size(), rng);
    FAULTLAB_CHECK(majorities_all_different(links));
    Grudge grudge;
    for (std::size_t a = 0; a < order.size(); ++a) {
        for (std::size_t b = 0; b < order.size(); ++b) {
            if (!links[a][b]) grudge[order[a]].insert(order[b]);
        }
    }
    return grudge;
}

std::string to_text(const Grudge& grudge) {
    std::vector<std::string> clauses;
    for (const auto& [host, drops] : grudge)
        clauses.push_back(fmt::format("{}<-{}", host, fmt::join(drops, ",")));
    return fmt::format("{}", fmt::join(clauses, ";"));
}

Result<Grudge> grudge_from_text(std::string_view text, std::span<const std::string> hosts) {
    return text.find('|') != std::string_view::npos ? grudge_from_sides(text, hosts)
                                                    : grudge_from_drops(text, hosts);
}

} // namespace faultlab
