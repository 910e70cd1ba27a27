#include "client-sim/message/CGetMessage.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "client-sim/message/CTransferClient.h"
#include "client-sim/message/TransferBodies.h"
#include "misc/CCrc32.h"

namespace switchboard::sim {

CGetMessage::CGetMessage(std::string path, Pieces pieces)
    : CMessage("get", kGetCode), m_path(std::move(path)), m_p_pieces(std::move(pieces)) {}

CGetMessage::Pieces CGetMessage::Load(const CEndpoint& server, const std::string& path,
                                      std::chrono::milliseconds patience) {
  if (path.empty()) throw std::invalid_argument("the message get needs a --file of the server");
  CTransferClient client(server, patience);
  const CTransferClient::SOpened opened = client.Open(path);
  if (!opened.file.isFile || opened.file.size == 0) throw std::runtime_error(path + " is no file with content");
  if (opened.window < 2 * kGetBytes) throw std::runtime_error("the server's limits.send_queue_bytes is too small");
  std::vector<SPiece> pieces;
  client.Get(opened, 0, opened.file.size, [&pieces](uint64_t offset, std::span<const std::byte> bytes) {
    pieces.push_back(PieceOf(offset, bytes));
  });
  return std::make_shared<const std::vector<SPiece>>(std::move(pieces));
}

CGetMessage::SPiece CGetMessage::PieceOf(uint64_t offset, std::span<const std::byte> bytes) {
  SGetReply reply{};
  reply.offset = offset;
  std::vector<std::byte> body(sizeof(reply) + bytes.size());
  std::memcpy(body.data(), &reply, sizeof(reply));
  std::copy(bytes.begin(), bytes.end(), body.begin() + sizeof(reply));
  return {static_cast<uint32_t>(body.size()), CCrc32::Of(body)};
}

SBody CGetMessage::WriteBody(SRequestId id, std::byte* p_body) const {
  SGetBody body;
  body.handle = 0;
  body.offset = uint64_t{IndexOf(id)} * kGetBytes;
  body.length = kGetBytes;
  std::memcpy(p_body, &body, sizeof(body));
  std::memcpy(p_body + sizeof(body), m_path.data(), m_path.size());
  const size_t bytes = sizeof(body) + m_path.size();
  return {bytes, CCrc32::Of({p_body, bytes})};
}

size_t CGetMessage::FixedFrameBytes() const { return kHeaderBytes + sizeof(SGetBody) + m_path.size(); }

EVerdict CGetMessage::Judge(SRequestId id, const SPending&, const SFrame& frame) const {
  const SPiece& piece = (*m_p_pieces)[IndexOf(id)];
  const bool isRight = frame.msgCode == kGetCode && frame.body.size() == piece.bodyBytes &&
                       frame.crc32 == piece.crc32 && IsIntact(frame);
  return isRight ? EVerdict::kRight : EVerdict::kWrong;
}

}  // namespace switchboard::sim
