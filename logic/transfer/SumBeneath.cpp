#include "logic/transfer/SumBeneath.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace switchboard {

namespace fs = std::filesystem;

std::optional<STreeSum> SumBeneath(const CFd& directory, std::string_view left, const std::atomic<bool>& isStopping) {
  STreeSum sum;
  std::error_code error;
  const fs::path root = fmt::format("/proc/self/fd/{}/", directory.Get());
  for (fs::recursive_directory_iterator entry(root, fs::directory_options::skip_permission_denied, error), end;
       !error && entry != end; entry.increment(error)) {
    if (isStopping.load(std::memory_order_relaxed)) return std::nullopt;
    if (entry.depth() == 0 && entry->path().filename() == left) {
      entry.disable_recursion_pending();
      continue;
    }
    std::error_code gone;  // one that has just vanished is none
    if (!fs::is_regular_file(entry->symlink_status(gone))) continue;
    const uintmax_t bytes = entry->file_size(gone);
    if (gone) continue;
    ++sum.files;
    sum.bytes += std::max<uint64_t>(bytes, 1);
  }
  if (error) return std::nullopt;
  return sum;
}

}  // namespace switchboard
