#include "net/wire/CFrameEncoder.h"

#include <cstring>

#include "misc/CCrc32.h"

namespace switchboard {

void CFrameEncoder::WriteHeader(std::byte* p_frame, uint16_t msgCode, size_t bodyBytes) {
  SPacketHeader header;
  header.pkgLen = static_cast<uint16_t>(kHeaderBytes + bodyBytes);
  header.msgCode = msgCode;
  header.crc32 = CCrc32::Of({p_frame + kHeaderBytes, bodyBytes});
  std::memcpy(p_frame, &header, kHeaderBytes);
}

void CFrameEncoder::WriteFrame(std::byte* p_frame, uint16_t msgCode, std::span<const std::byte> body) {
  if (!body.empty()) std::memcpy(p_frame + kHeaderBytes, body.data(), body.size());
  WriteHeader(p_frame, msgCode, body.size());
}

}  // namespace switchboard
