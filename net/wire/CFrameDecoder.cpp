#include "net/wire/CFrameDecoder.h"

#include <algorithm>
#include <cstring>

namespace switchboard {

namespace {

constexpr size_t kLengthBytes = sizeof(SPacketHeader::pkgLen);

bool IsLengthGood(size_t bytes, size_t maxPacketBytes) { return bytes >= kHeaderBytes && bytes <= maxPacketBytes; }

}  // namespace

CFrameDecoder::SCut CFrameDecoder::Feed(std::span<const std::byte> input, size_t maxPacketBytes) {
  SCut cut;
  if (m_size != 0 && !FinishPartial(input, maxPacketBytes, cut)) return cut;
  size_t end = 0;
  while (input.size() - end >= kLengthBytes) {
    const size_t bytes = SFrame::BytesAt(input.data() + end);
    if (!IsLengthGood(bytes, maxPacketBytes)) {
      cut.isBad = true;
      break;
    }
    if (input.size() - end < bytes) break;
    end += bytes;
    ++cut.frames;
  }
  cut.rest = input.first(end);
  if (!cut.isBad) Keep(input.subspan(end));
  return cut;
}

bool CFrameDecoder::FinishPartial(std::span<const std::byte>& input, size_t maxPacketBytes, SCut& cut) {
  const auto take = [&](size_t wanted) {
    const size_t bytes = std::min(wanted, input.size());
    Keep(input.first(bytes));
    input = input.subspan(bytes);
  };
  if (m_size < kLengthBytes) take(kLengthBytes - m_size);
  if (m_size < kLengthBytes) return false;
  const size_t bytes = SFrame::BytesAt(m_p_partial.get());
  if (!IsLengthGood(bytes, maxPacketBytes)) {
    cut.isBad = true;
    return false;
  }
  take(bytes - m_size);
  if (m_size < bytes) return false;
  cut.head = {m_p_partial.get(), bytes};
  cut.p_headStorage = std::move(m_p_partial);
  cut.frames = 1;
  Clear();
  return true;
}

void CFrameDecoder::Clear() {
  m_p_partial.reset();
  m_size = 0;
  m_capacity = 0;
}

void CFrameDecoder::Keep(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  const size_t size = m_size + bytes.size();
  if (size > m_capacity) {
    // Exactly what arrived at first; doubling after that keeps a byte-by-byte sender linear.
    const size_t capacity = std::max(size, size_t{2} * m_capacity);
    auto p_bigger = std::make_unique_for_overwrite<std::byte[]>(capacity);
    if (m_size != 0) std::memcpy(p_bigger.get(), m_p_partial.get(), m_size);
    m_p_partial = std::move(p_bigger);
    m_capacity = static_cast<uint32_t>(capacity);
  }
  std::memcpy(m_p_partial.get() + m_size, bytes.data(), bytes.size());
  m_size = static_cast<uint32_t>(size);
}

}  // namespace switchboard
