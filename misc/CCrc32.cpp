#include "misc/CCrc32.h"

#include <libdeflate.h>

namespace switchboard {

uint32_t CCrc32::Of(std::span<const std::byte> bytes) {
  // libdeflate takes a null pointer as "give me the start value", which is this CRC's value of no bytes, 0, as well.
  return libdeflate_crc32(0, bytes.data(), bytes.size());
}

}  // namespace switchboard
