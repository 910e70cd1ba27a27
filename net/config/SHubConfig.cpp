#include "net/config/SHubConfig.h"

#include "misc/config/CConfigSchema.h"

namespace switchboard {

void SHubConfig::Describe(CConfigSchema& schema) {
  constexpr int64_t kGibi = int64_t{1} << 30;
  schema.Section<SHubConfig>("hub", "rooms and users, over all workers")
      .Number("joins_per_session", &SHubConfig::joins_per_session, {1, 65536, "names"},
              "rooms and users that a session may be in; beyond it: Join is refused")
      .Number("queue_bytes", &SHubConfig::queue_bytes, {65536, kGibi, "bytes"},
              "that may wait for another worker; beyond it: dropped");
}

}  // namespace switchboard
