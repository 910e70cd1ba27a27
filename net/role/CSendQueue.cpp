#include "net/role/CSendQueue.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>

#include "net/conn/CTransport.h"

namespace switchboard {

namespace {

constexpr size_t kBlocksPerWrite = 64;
constexpr uint64_t kFileBytesPerCall = 4 * 1024 * 1024;

}  // namespace

ssize_t CSendQueue::Send(CConnection& connection) {
  return IsFilesTurn(connection) ? SendFile(connection) : SendBlocks(connection);
}

ssize_t CSendQueue::SendBlocks(CConnection& connection) {
  std::array<iovec, kBlocksPerWrite> pieces;
  size_t count = 0;
  bool hasMore = false;
  for (CBlock* p_block = connection.write.sending.First(); p_block != nullptr && count < kBlocksPerWrite && !hasMore;
       p_block = CBlockQueue::Next(p_block)) {
    const std::span<const std::byte> unused = p_block->Unused();
    pieces[count++] = {const_cast<std::byte*>(unused.data()), unused.size()};  // sendmsg only reads
    hasMore = p_block->File() != nullptr;  // its first bytes share a segment with what comes before them
  }
  return CTransport::Write(connection.fd.Get(), std::span(pieces).first(count), hasMore);
}

ssize_t CSendQueue::SendFile(CConnection& connection) {
  const SFileRange& range = *connection.write.sending.First()->File();
  if (!connection.write.isCorked && range.length > kFileBytesPerCall) SetCork(connection, true);
  return CTransport::WriteFile(connection.fd.Get(), range, kFileBytesPerCall);
}

void CSendQueue::SetCork(CConnection& connection, bool isCorked) {
  CTransport::SetCork(connection.fd.Get(), isCorked);
  connection.write.isCorked = isCorked;
}

void CSendQueue::Drop(CConnection& connection, uint64_t bytes) {
  size_t dropped = 0;
  while (CBlock* p_block = connection.write.sending.First()) {
    const uint64_t take = std::min<uint64_t>(p_block->Unused().size(), bytes);
    p_block->Consume(take);
    bytes -= take;
    if (!p_block->Unused().empty()) break;
    if (SFileRange* const p_range = p_block->File()) {
      const uint64_t takeOfFile = std::min(p_range->length, bytes);
      p_range->offset += takeOfFile;
      p_range->length -= takeOfFile;
      bytes -= takeOfFile;
      if (p_range->length > 0) break;
      if (connection.write.isCorked) SetCork(connection, false);
    }
    dropped += p_block->Memory();
    connection.write.sending.PopFront();
  }
  connection.outbox.Done(dropped);
}

}  // namespace switchboard
