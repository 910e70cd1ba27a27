#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "net/wire/CHeaderWord.h"

namespace switchboard {

// One whole frame inside somebody else's buffer.
struct SFrame {
  uint16_t msgCode;
  uint32_t crc32;
  std::span<const std::byte> body;

  // Of the whole frame that begins at `p_frame`.
  static SFrame At(const std::byte* p_frame) {
    const uint64_t word = CHeaderWord::Load(p_frame);
    return {CHeaderWord::MsgCode(word),
            CHeaderWord::Crc32(word),
            {p_frame + kHeaderBytes, CHeaderWord::PkgLen(word) - kHeaderBytes}};
  }
  // Header + body of the frame that begins at `p_frame`, in bytes.
  static size_t BytesAt(const std::byte* p_frame) {
    return std::to_integer<size_t>(p_frame[0]) << 8 | std::to_integer<size_t>(p_frame[1]);
  }
  size_t Bytes() const { return kHeaderBytes + body.size(); }
  // Header and body, as received.
  std::span<const std::byte> Raw() const { return {body.data() - kHeaderBytes, Bytes()}; }
};

// Cuts a byte stream into whole frames; knows no socket. It keeps the bytes of at most one started frame, and of that
// only what has arrived, so an idle stream owns nothing. The CRC is not its business.
// Threads: one owner at a time.
class CFrameDecoder {
 public:
  struct SCut {
    // The started frame of earlier input, now whole; empty if there is none. It lives as long as the cut.
    std::span<const std::byte> head;
    std::unique_ptr<std::byte[]> p_headStorage;
    // Whole frames, back to back, inside `input`.
    std::span<const std::byte> rest;
    // How many frames head and rest hold.
    uint32_t frames = 0;
    // A length under 8 or over the limit followed: the stream can't be read any further.
    bool isBad = false;
  };

  // Takes all of `input`: returns the whole frames and keeps the tail. `maxPacketBytes` is 8 … kMaxPacketBytes.
  // After a bad length, only the destructor and Clear may be called.
  SCut Feed(std::span<const std::byte> input, size_t maxPacketBytes);

  // True while a started frame waits for its end.
  bool HasPartial() const { return m_size != 0; }
  size_t PartialBytes() const { return m_size; }
  // Bytes of memory held for it.
  size_t PartialCapacity() const { return m_capacity; }
  void Clear();

 private:
  // Completes the started frame from the front of `input`; false when it is still not whole, or bad.
  bool FinishPartial(std::span<const std::byte>& input, size_t maxPacketBytes, SCut& cut);
  // Appends bytes to the started frame; the storage at most doubles what has arrived.
  void Keep(std::span<const std::byte> bytes);

  std::unique_ptr<std::byte[]> m_p_partial;
  uint32_t m_size = 0;
  uint32_t m_capacity = 0;
};

}  // namespace switchboard
