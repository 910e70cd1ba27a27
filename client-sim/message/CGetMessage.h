#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client-sim/base/CEndpoint.h"
#include "client-sim/message/CMessage.h"

namespace switchboard::sim {

// Gets a piece of a file, a different one each time, all the way round; the file must not change during the run.
class CGetMessage : public CMessage {
 public:
  // What the right answer for one piece is.
  struct SPiece {
    uint32_t bodyBytes;
    uint32_t crc32;
  };

  using Pieces = std::shared_ptr<const std::vector<SPiece>>;

  // `pieces` holds at least one; each but the last is of a full kGetBytes.
  CGetMessage(std::string path, Pieces pieces);
  // Reads the file once, to know the right answers. Throws std::runtime_error.
  static Pieces Load(const CEndpoint& server, const std::string& path, std::chrono::milliseconds patience);
  // The right answer for the piece at `offset` of a file.
  static SPiece PieceOf(uint64_t offset, std::span<const std::byte> bytes);

  SBody WriteBody(SRequestId id, std::byte* p_body) const override;
  size_t FixedFrameBytes() const override;
  EVerdict Judge(SRequestId id, const SPending& pending, const SFrame& frame) const override;

 private:
  size_t IndexOf(SRequestId id) const { return (id.connection + id.sequence) % m_p_pieces->size(); }

  const std::string m_path;
  const Pieces m_p_pieces;
};

}  // namespace switchboard::sim
