#include "net/config/BusinessThreads.h"

namespace switchboard {

std::vector<std::string> BusinessThreads(const SConfig& config) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& pool, uint32_t threads) {
    for (uint32_t i = 0; i < threads; ++i) names.push_back("sb-" + pool + "-" + std::to_string(i));
  };
  add("work", config.business.threads);
  // A process pool runs everything on one thread.
  if (config.business.mode == EBusinessMode::kProcessPool) return names;
  add("block", config.business.blocking_threads);
  for (const SNamedPoolConfig& pool : config.pool.named) add(pool.name, pool.threads);
  return names;
}

}  // namespace switchboard
