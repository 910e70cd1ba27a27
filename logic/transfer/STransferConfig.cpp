#include "logic/transfer/STransferConfig.h"

#include "misc/config/CConfigSchema.h"

namespace switchboard {

void STransferConfig::Describe(CConfigSchema& schema) {
  using T = STransferConfig;
  constexpr int64_t kMaxBytes = int64_t{1} << 50;
  schema.Section<T>("transfer", "files over the packet protocol")
      .Text("root", &T::root, "a directory, or \"\"", "whose files clients may get; \"\": no transfers")
      .Flag("writable", &T::writable, "clients may put files there as well")
      .Number("max_file_bytes", &T::max_file_bytes, {0, kMaxBytes, "bytes"}, "of the largest file that may be put")
      .Number("max_total_bytes", &T::max_total_bytes, {0, kMaxBytes, "bytes (0: no limit)"},
              "of all files beneath the root, unfinished ones as announced")
      .Number("max_open", &T::max_open, {1, 1024, "transfers"}, "that one connection may have open at the same time")
      .Number("max_open_worker", &T::max_open_worker, {1, 1024 * 1024, "transfers"},
              "that all connections of a worker may have open together")
      .Seconds("keep_s", &T::keep, 1, 365 * 86400.0, "that an abandoned, unfinished upload can still be resumed");
}

}  // namespace switchboard
