#include "checker/kafka_cycles.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace faultlab {
namespace {

/// Why an operation comes before another; bits of a mask.
enum Relation : std::uint8_t { ww = 1, wr = 2, process = 4, realtime = 8 };

struct Edge {
    OpId from = 0;
    OpId to = 0;
    std::uint8_t relation = 0;
};

constexpr std::uint32_t no_component = UINT32_MAX;
/// From so many edges of a knot the shortest cycle is sought.
constexpr std::size_t most_starts = 16;

class Graph {
public:
    Graph(std::size_t nodes, std::vector<Edge> edges) : edges_(std::move(edges)) {
        const auto by_ends = [](const Edge& a, const Edge& b) {
            return std::tie(a.from, a.to, a.relation) < std::tie(b.from, b.to, b.relation);
        };
        std::ranges::sort(edges_, by_ends);
        start_.resize(nodes + 1);
        for (const Edge& edge : edges_)
            ++start_[at(edge.from) + 1];
        for (std::size_t i = 1; i < start_.size(); ++i)
            start_[i] += start_[i - 1];
    }

    [[nodiscard]] std::span<const Edge> edges() const { return edges_; }
    [[nodiscard]] std::span<const Edge> from(OpId op) const {
        return std::span(edges_).subspan(start_[at(op)], start_[at(op) + 1] - start_[at(op)]);
    }
    [[nodiscard]] std::size_t nodes() const { return start_.size() - 1; }

private:
    std::vector<Edge> edges_;
    std::vector<std::size_t> start_;
};

/// Tarjan's algorithm (1972) without recursion, over the edges of a mask. Nodes alone in their
/// component have none.
class Components {
public:
    Components(const Graph& graph, std::uint8_t mask) : graph_(graph), mask_(mask) {
        const std::size_t n = graph.nodes();
        component_.resize(n, no_component);
        order_.resize(n, 0);
        low_.resize(n, 0);
        next_edge_.resize(n, 0);
        on_stack_.resize(n, false);
        for (std::size_t i = 0; i < n; ++i)
            if (order_[i] == 0) visit(static_cast<OpId>(i));
    }

    [[nodiscard]] std::uint32_t of(OpId op) const { return component_[at(op)]; }
    [[nodiscard]] std::uint32_t count() const { return count_; }

private:
    void visit(OpId root) {
        enter(root);
        while (!path_.empty()) {
            const OpId op = path_.back();
            const auto edges = graph_.from(op);
            if (next_edge_[at(op)] == edges.size()) {
                leave(op);
                continue;
            }
            const Edge& edge = edges[next_edge_[at(op)]++];
            if ((edge.relation & mask_) == 0) continue;
            if (order_[at(edge.to)] == 0)
                enter(edge.to);
            else if (on_stack_[at(edge.to)])
                low_[at(op)] = std::min(low_[at(op)], order_[at(edge.to)]);
        }
    }

    void enter(OpId op) {
        order_[at(op)] = low_[at(op)] = ++visited_;
        stack_.push_back(op);
        on_stack_[at(op)] = true;
        path_.push_back(op);
    }

    void leave(OpId op) {
        path_.pop_back();
        if (!path_.empty()) low_[at(path_.back())] = std::min(low_[at(path_.back())], low_[at(op)]);
        if (low_[at(op)] != order_[at(op)]) return;
        const bool alone = stack_.back() == op;
        OpId member = -1;
        while (member != op) {
            member = stack_.back();
            stack_.pop_back();
            on_stack_[at(member)] = false;
            if (!alone) component_[at(member)] = count_;
        }
        if (!alone) ++count_;
    }

    const Graph& graph_;
    std::uint8_t mask_;
    std::vector<std::uint32_t> component_;
    std::vector<std::size_t> order_, low_, next_edge_;
    std::vector<bool> on_stack_;
    std::vector<OpId> stack_, path_;
    std::size_t visited_ = 0;
    std::uint32_t count_ = 0;
};

class CycleSearch {
public:
    CycleSearch(const Graph& graph, Judgement& judgement) : graph_(graph), judgement_(judgement) {}

    /// Plain, by process, in real time; each leaves out knots that the one before has told.
    void search(const std::string& type, std::uint8_t base, std::uint8_t required) {
        told_.assign(graph_.nodes(), false);
        search_level(type, base, required);
        search_level(type + "-process", base | process, required);
        search_level(type + "-realtime", base | process | realtime, required);
    }

    [[nodiscard]] std::vector<KafkaCycle> take() { return std::move(cycles_); }

private:
    void search_level(const std::string& type, std::uint8_t mask, std::uint8_t required) {
        if (!judgement_.step(static_cast<std::int64_t>(graph_.nodes() + graph_.edges().size())))
            return;
        const Components components(graph_, mask);
        std::vector<bool> implied(components.count(), false);
        for (std::size_t i = 0; i < graph_.nodes(); ++i) {
            const std::uint32_t component = components.of(static_cast<OpId>(i));
            if (component != no_component && told_[i]) implied[component] = true;
        }
        std::vector<std::vector<const Edge*>> starts(components.count());
        for (const Edge& edge : graph_.edges()) {
            const std::uint32_t component = components.of(edge.from);
            const bool inside = component != no_component && component == components.of(edge.to);
            if (!inside || implied[component] || (edge.relation & required) == 0) continue;
            if (starts[component].size() < most_starts) starts[component].push_back(&edge);
        }
        for (const auto& edges : starts)
            tell_shortest(type, mask, components, edges);
        for (std::size_t i = 0; i < graph_.nodes(); ++i) {
            const std::uint32_t component = components.of(static_cast<OpId>(i));
            if (component != no_component && !starts[component].empty()) told_[i] = true;
        }
    }

    void tell_shortest(const std::string& type,
                       std::uint8_t mask,
                       const Components& components,
                       const std::vector<const Edge*>& starts) {
        std::vector<OpId> shortest;
        for (const Edge* edge : starts) {
            std::vector<OpId> path = path_between(*edge, mask, components);
            if (path.empty()) return;
            if (shortest.empty() || path.size() < shortest.size()) shortest = std::move(path);
        }
        if (!shortest.empty()) cycles_.push_back({type, std::move(shortest)});
    }

    /// From the end of the edge back to its start, breadth first, inside its component.
    std::vector<OpId>
    path_between(const Edge& edge, std::uint8_t mask, const Components& components) {
        std::map<OpId, OpId> came_from = {{edge.to, -1}};
        std::vector<OpId> queue = {edge.to};
        for (std::size_t i = 0; i < queue.size() && !came_from.contains(edge.from); ++i) {
            for (const Edge& next : graph_.from(queue[i])) {
                if (!judgement_.step()) return {};
                const bool inside = (next.relation & mask) != 0 &&
                                    components.of(next.to) == components.of(edge.from);
                if (inside && came_from.emplace(next.to, queue[i]).second) queue.push_back(next.to);
            }
        }
        std::vector<OpId> path;
        for (OpId op = edge.from; op >= 0; op = came_from.at(op))
            path.push_back(op);
        std::ranges::reverse(path);
        return path;
    }

    const Graph& graph_;
    Judgement& judgement_;
    std::vector<bool> told_; ///< nodes of knots of this type, or of a stricter one
    std::vector<KafkaCycle> cycles_;
};

class EdgeBuilder {
public:
    EdgeBuilder(const History& history, const KafkaHistory& kafka, Judgement& judgement)
        : history_(history), kafka_(kafka), judgement_(judgement) {}

    std::vector<Edge> run(const std::vector<std::vector<std::uint32_t>>& orders, bool with_ww) {
        for (std::size_t i = 0; i < kafka_.ops.size(); ++i) {
            const auto op = static_cast<OpId>(i);
            if (!node(op)) continue;
            nodes_.push_back(op);
            for (const KafkaSight& sight : kafka_.ops[i].polled)
                add(kafka_.messages[sight.message].writer, op, wr);
        }
        for (const auto& order : orders) {
            for (std::size_t i = 1; with_ww && i < order.size(); ++i)
                add(kafka_.messages[order[i - 1]].writer, kafka_.messages[order[i]].writer, ww);
        }
        add_processes();
        add_real_time();
        return std::move(edges_);
    }

private:
    [[nodiscard]] bool node(OpId op) const {
        return op >= 0 && history_.status()[at(op)] != OpStatus::fail &&
               kafka_.ops[at(op)].kind == KafkaKind::messages;
    }

    void add(OpId from, OpId to, Relation relation) {
        if (node(from) && node(to) && from != to) edges_.push_back({from, to, relation});
    }

    void add_processes() {
        std::map<std::int32_t, OpId> last;
        for (const OpId op : nodes_) {
            const auto [before, first] = last.try_emplace(history_.process()[at(op)], op);
            if (!first) add(std::exchange(before->second, op), op, process);
        }
    }

    /// Only from those that are not followed by another one before: the rest is implied.
    void add_real_time() {
        std::vector<OpId> frontier;
        for (const Moment& moment : moments_of(history_, nodes_)) {
            if (!judgement_.step(static_cast<std::int64_t>(frontier.size()) + 1)) return;
            if (!moment.returns) {
                for (const OpId before : frontier)
                    add(before, moment.op, realtime);
                continue;
            }
            const Index invoked = history_.inv_index()[at(moment.op)];
            std::erase_if(frontier,
                          [&](OpId before) { return history_.ret_index()[at(before)] < invoked; });
            frontier.push_back(moment.op);
        }
    }

    const History& history_;
    const KafkaHistory& kafka_;
    Judgement& judgement_;
    std::vector<OpId> nodes_;
    std::vector<Edge> edges_;
};

} // namespace

std::vector<KafkaCycle> find_kafka_cycles(const History& history,
                                          const KafkaHistory& kafka,
                                          const std::vector<std::vector<std::uint32_t>>& orders,
                                          bool with_ww,
                                          Judgement& judgement) {
    const Graph graph(kafka.ops.size(),
                      EdgeBuilder(history, kafka, judgement).run(orders, with_ww));
    CycleSearch search(graph, judgement);
    if (with_ww) search.search("G0", ww, ww);
    search.search("G1c", ww | wr, wr);
    return search.take();
}

} // namespace faultlab
