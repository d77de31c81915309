// Effect     A part of a write reaches the disk, by sectors of 512 bytes: its beginning, its end,
//            or some of them. With `when=cut` it is the last unsynced write of each file, as the
//            power fails; with `when=write` it is any write, and the replica is told that all went
//            well.
// Mechanism  That of power-cut; or the file system over the data directory writes a part.
// Undo       That of power-cut; or the rule is taken away, and what was torn stays so.
// Needs      FUSE; processes that the lab has started.
#include "nemesis/catalogue.hpp"
#include "nemesis/disk.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/power.hpp"

namespace faultlab {
namespace {

class TornAtCut final : public disk::PowerNemesis {};

class TornWrites final : public disk::RuleNemesis {
protected:
    [[nodiscard]] Result<How> how(const FaultSpec& spec) const override {
        How how{.rule = {{"fault", "torn"},
                         {"ops", Value::List{"write"}},
                         {"tear", text_of(spec.params, "tear")}},
                .what = "writes" + disk::where_text(spec) + " torn"};
        FAULTLAB_DO(disk::read_where(spec, how.rule));
        return how;
    }
    [[nodiscard]] disk::Bearable bearable() const override { return disk::Bearable::minority; }
    [[nodiscard]] bool tracks() const override { return true; }
};

class TornWrite final : public Nemesis {
public:
    [[nodiscard]] std::vector<std::string> needs() const override { return {"fuse", "process"}; }
    [[nodiscard]] std::vector<OptionSpec> options() const override {
        std::vector<OptionSpec> options = {
            {.name = "when",
             .fallback = "cut",
             .choices = {"cut", "write"},
             .help = "as the power fails, or at any time and in silence"},
            {.name = "tear",
             .fallback = "",
             .choices = {"", "prefix", "suffix", "interleaved"},
             .help = "which sectors reach the disk; empty: drawn"},
            {.name = "keep",
             .fallback = "0%",
             .help = "cut: how likely an unsynced page was written back before"},
        };
        for (OptionSpec& option : disk::where_options(true, "100%"))
            options.push_back(std::move(option));
        return options;
    }
    Result<void> prepare(Host& host) const override { return disk::prepare(host, true); }

    void draw(Rng& rng, std::int32_t nodes, FaultSpec& spec) const override {
        constexpr std::array<const char*, 3> tears = {"prefix", "suffix", "interleaved"};
        const char* const drawn = tears.at(rng.below(tears.size()));
        if (text_of(spec.params, "tear").empty()) spec.params["tear"] = drawn;
        if (at_cut(spec.params)) return at_cut_.draw(rng, nodes, spec);
        writes_.draw(rng, nodes, spec);
    }
    [[nodiscard]] Result<Fault> resolve(const FaultSpec& spec,
                                        const ClusterView& view) const override {
        FaultSpec full = spec;
        if (full.params.contains("tear") && text_of(full.params, "tear").empty())
            full.params["tear"] = "prefix";
        full.params["lies"] = "0";
        full.params["names"] = "journal";
        FAULTLAB_TRY(Fault fault, part(spec.params).resolve(full, view));
        fault.undo["when"] = text_of(spec.params, "when");
        return fault;
    }
    [[nodiscard]] FaultSpec exact(const Fault& fault, const FaultSpec& spec) const override {
        return part(fault.undo).exact(fault, spec);
    }
    Result<void> inject(const Fault& fault, FaultTarget& target) const override {
        return part(fault.undo).inject(fault, target);
    }
    Result<void> heal(const Fault& fault, FaultTarget& target) const override {
        return part(fault.undo).heal(fault, target);
    }
    std::vector<Evidence>
    probe(const Fault& fault, FaultTarget& target, EvidencePhase phase) const override {
        return part(fault.undo).probe(fault, target, phase);
    }

private:
    static bool at_cut(const Params& params) { return text_of(params, "when") != "write"; }
    [[nodiscard]] const Nemesis& part(const Params& params) const {
        if (at_cut(params)) return at_cut_;
        return writes_;
    }

    TornAtCut at_cut_;
    TornWrites writes_;
};

} // namespace

std::unique_ptr<Nemesis> make_torn_write() {
    return std::make_unique<TornWrite>();
}

} // namespace faultlab
