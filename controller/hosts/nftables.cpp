#include "controller/hosts/nftables.hpp"

#include <nftables/libnftables.h>

namespace faultlab {

void Nftables::Free::operator()(nft_ctx* context) const {
    nft_ctx_free(context);
}

Result<Nftables> Nftables::open() {
    nft_ctx* context = nft_ctx_new(NFT_CTX_DEFAULT);
    if (context == nullptr) return environment_error("cannot open nftables");
    Nftables result(context);
    if (nft_ctx_buffer_output(context) != 0 || nft_ctx_buffer_error(context) != 0) {
        return lab_error("cannot open a buffer for the output of nftables");
    }
    nft_ctx_output_set_flags(context, NFT_CTX_OUTPUT_JSON);
    return result;
}

Result<std::string> Nftables::apply(const std::string& text) {
    const int failed = nft_run_cmd_from_buffer(context_.get(), text.c_str());
    // Reading a buffer also empties it: both, always.
    std::string printed = nft_ctx_get_output_buffer(context_.get());
    const std::string complaint = nft_ctx_get_error_buffer(context_.get());
    if (failed != 0) return lab_error("nftables refused the rules: " + complaint);
    return printed;
}

} // namespace faultlab
