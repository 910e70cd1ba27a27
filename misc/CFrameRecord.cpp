#include "misc/CFrameRecord.h"

#include <algorithm>
#include <stdexcept>

namespace switchboard {

namespace {

template <class T>
void AppendBigEndian(std::vector<std::byte>& bytes, T value) {
  for (size_t i = sizeof(T); i-- > 0;) bytes.push_back(static_cast<std::byte>(value >> (8 * i) & 0xff));
}

template <class T>
T TakeBigEndian(std::span<const std::byte>& bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) value = value << 8 | std::to_integer<uint64_t>(bytes[i]);
  bytes = bytes.subspan(sizeof(T));
  return static_cast<T>(value);
}

}  // namespace

void CFrameRecord::AppendMagic(std::vector<std::byte>& record) {
  const auto magic = std::as_bytes(std::span(kMagic));
  record.insert(record.end(), magic.begin(), magic.end());
}

void CFrameRecord::Append(std::vector<std::byte>& record, const SRecordedFrame& frame) {
  AppendBigEndian(record, frame.atNs);
  AppendBigEndian(record, frame.connection);
  record.push_back(static_cast<std::byte>(frame.direction));
  AppendBigEndian(record, static_cast<uint32_t>(frame.bytes.size()));
  record.insert(record.end(), frame.bytes.begin(), frame.bytes.end());
}

CFrameRecord::CFrameRecord(std::span<const std::byte> record) {
  const auto magic = std::as_bytes(std::span(kMagic));
  if (record.size() < magic.size() || !std::equal(magic.begin(), magic.end(), record.begin())) {
    throw std::runtime_error("no record of frames: it does not begin with SBREC1");
  }
  m_rest = record.subspan(magic.size());
}

std::optional<SRecordedFrame> CFrameRecord::Next() {
  std::span<const std::byte> rest = m_rest;
  if (rest.size() < kEntryHeaderBytes) return std::nullopt;
  SRecordedFrame frame;
  frame.atNs = TakeBigEndian<uint64_t>(rest);
  frame.connection = TakeBigEndian<uint32_t>(rest);
  const auto direction = TakeBigEndian<uint8_t>(rest);
  const auto bytes = TakeBigEndian<uint32_t>(rest);
  if (direction > 1 || bytes > kMaxFrameBytes || bytes > rest.size()) return std::nullopt;
  frame.direction = static_cast<EDirection>(direction);
  frame.bytes = rest.first(bytes);
  m_rest = rest.subspan(bytes);
  return frame;
}

}  // namespace switchboard
