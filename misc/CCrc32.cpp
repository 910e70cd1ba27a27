#include "misc/CCrc32.h"

#include <libdeflate.h>

namespace switchboard {

uint32_t CCrc32::OfSome(std::span<const std::byte> bytes) { return libdeflate_crc32(0, bytes.data(), bytes.size()); }

}  // namespace switchboard
