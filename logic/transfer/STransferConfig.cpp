#include "logic/transfer/STransferConfig.h"

#include "misc/config/CConfigSchema.h"

namespace switchboard {

void STransferConfig::Describe(CConfigSchema& schema) {
  using T = STransferConfig;
  constexpr int64_t kMaxBytes = int64_t{1} << 50;
  constexpr int64_t kMostParts = 16384;
  schema.Section<T>("transfer", "files over the packet protocol")
      .Text("root", &T::root, "a directory, or \"\"", "whose files clients may get; \"\": no transfers")
      .Flag("writable", &T::writable, "clients may put files there as well")
      .Number("max_file_bytes", &T::max_file_bytes, {0, kMaxBytes, "bytes"}, "of the largest file that may be put")
      .Number("max_total_bytes", &T::max_total_bytes, {0, kMaxBytes, "bytes (0: no limit)"},
              "of all files beneath the root, unfinished ones as announced")
      .Number("max_total_files", &T::max_total_files, {0, int64_t{1} << 40, "files (0: no limit)"},
              "beneath the root, unfinished ones among them")
      .Number("max_peer_bytes", &T::max_peer_bytes, {0, kMaxBytes, "bytes (0: no limit)"},
              "that one address may have announced in unfinished uploads; one upload is always admitted")
      .Number("max_peer_parts", &T::max_peer_parts, {1, kMostParts, "uploads"}, "unfinished, of one address")
      .Number("max_parts", &T::max_parts, {1, kMostParts, "uploads"}, "unfinished, of all addresses together")
      .Number("max_open", &T::max_open, {1, 1024, "transfers"}, "that one connection may have open at the same time")
      .Number("max_open_worker", &T::max_open_worker, {1, 1024 * 1024, "transfers"},
              "that all connections of a worker may have open together")
      .Number("max_peer_open", &T::max_peer_open, {1, 1024 * 1024, "transfers"},
              "that all connections of one address to a worker may have open together")
      .Seconds("keep_s", &T::keep, 1, 365 * 86400.0, "that an abandoned, unfinished upload can still be resumed")
      .Seconds("recount_s", &T::recount, 1, 365 * 86400.0,
               "from one count of the files beneath the root to the next, which finds what was changed by hand");
}

}  // namespace switchboard
