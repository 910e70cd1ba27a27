#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace switchboard {

enum class EDirection : uint8_t { kToServer = 0, kToClient = 1 };

// One frame of a record: when, on which connection, which way, and its bytes.
struct SRecordedFrame {
  uint64_t atNs = 0;        // since the record's start
  uint32_t connection = 0;  // counted by whoever records
  EDirection direction = EDirection::kToServer;
  std::span<const std::byte> bytes;  // header and body; fewer when only the beginning is known
};

// Records of frames as bytes, written and read; docs/RECORD-FORMAT.md describes them. It knows no file.
// Threads: one.
class CFrameRecord {
 public:
  static constexpr std::string_view kMagic = "SBREC1\n";
  static constexpr size_t kEntryHeaderBytes = 17;
  static constexpr size_t kMaxFrameBytes = 65535;

  // ---- writing
  // What every record begins with.
  static void AppendMagic(std::vector<std::byte>& record);
  // The frame must not be over kMaxFrameBytes.
  static void Append(std::vector<std::byte>& record, const SRecordedFrame& frame);

  // ---- reading
  // `record` outlives the reader and the frames that it gives out. Throws std::runtime_error when it is no record.
  explicit CFrameRecord(std::span<const std::byte> record);
  // nullopt at the end, and at the first entry that is cut off or makes no sense.
  std::optional<SRecordedFrame> Next();
  // After Next has returned nullopt: whether the record was whole.
  bool IsAtEnd() const { return m_rest.empty(); }

 private:
  std::span<const std::byte> m_rest;
};

}  // namespace switchboard
