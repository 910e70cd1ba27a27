#include "logic/transfer/CFileTransfer.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "logic/transfer/COpenTransfers.h"
#include "logic/transfer/CTransferKeeper.h"
#include "logic/transfer/CTransferStore.h"
#include "logic/transfer/STransferConfig.h"
#include "logic/transfer/TransferMessages.h"
#include "logic/transfer/TransferStatus.h"
#include "misc/CLimitedLog.h"
#include "net/config/CConfig.h"
#include "net/wire/Wire.h"

// Over the rule: the handlers of nine codes, which answer and fail in the same few ways.
namespace switchboard {

namespace {

constexpr uint32_t kWindowBytes = 1048576;
constexpr size_t kListBytes = 32768;  // of a page

uint16_t Wire(ETransferStatus status) { return static_cast<uint16_t>(status); }

template <class Body>
std::string_view TextAfter(const CRequest& request) {
  const std::span<const std::byte> rest = request.Body().subspan(sizeof(Body));
  return {reinterpret_cast<const char*>(rest.data()), rest.size()};
}

std::string_view Text(const CRequest& request) {
  return {reinterpret_cast<const char*>(request.Body().data()), request.Body().size()};
}

// An answer of nothing but its status.
template <class Body>
bool Refuse(CRequest& request, ETransferStatus status) {
  Body body{};
  // Every answer begins with it, that of Open inside of its stat.
  const boost::endian::big_uint16_t wire(Wire(status));
  std::memcpy(&body, &wire, sizeof(wire));
  return request.Reply(body);
}

// Reads until `room` is full or the file ends. Returns the bytes, or -1 and errno.
ssize_t ReadAt(int fd, std::span<std::byte> room, uint64_t offset) {
  size_t got = 0;
  while (got < room.size()) {
    const ssize_t n = ::pread(fd, room.data() + got, room.size() - got, static_cast<off_t>(offset + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    if (n == 0) break;
    got += static_cast<size_t>(n);
  }
  return static_cast<ssize_t>(got);
}

// An IPv6 network has 2^64 addresses for whoever is in it.
TransferPeer PeerOf(const CRequest& request) {
  constexpr ptrdiff_t kNetworkBytes = 8;
  const in6_addr address = request.Peer().address;
  TransferPeer peer{};
  std::copy(std::begin(address.s6_addr), std::end(address.s6_addr), peer.begin());
  if (!IN6_IS_ADDR_V4MAPPED(&address)) std::fill(peer.begin() + kNetworkBytes, peer.end(), uint8_t{0});
  return peer;
}

// What a session has open.
struct SSessionState {
  std::optional<COpenTransfers> open;
};

}  // namespace

// What answers the requests.
// Threads: Handle by any that run handlers.
struct CFileTransfer::SParts {
  SParts(const CFileTransfer& module, uint16_t first) : p_module(&module), firstCode(first) {}

  bool Handle(CRequest& request);
  bool HandleStat(CRequest& request);
  bool HandleOpen(CRequest& request);
  bool HandleList(CRequest& request);
  bool HandleGet(CRequest& request);
  bool HandleHash(CRequest& request);
  bool HandlePut(CRequest& request);
  bool HandleWrite(CRequest& request);
  bool HandleCommit(CRequest& request);
  bool HandleClose(CRequest& request);
  COpenTransfers& TransfersOf(CRequest& request);
  // nullptr when the session has no such handle.
  SOpenTransfer* Find(CRequest& request, uint32_t handle);
  // Answers with a chunk of the file.
  bool Answer(CRequest& request, const CFd& file, uint64_t offset, uint32_t length);
  void NoteFailure(ETransferStatus status, const char* p_what, std::string_view path);

  const void* const p_module;
  const uint16_t firstCode;
  // Constant after Start.
  STransferConfig config;
  uint32_t chunkBytes = kTransferChunkBytes;
  uint32_t windowBytes = 0;
  uint32_t writeBytes = 0;
  CLimitedLog* p_log = nullptr;
  std::unique_ptr<CTransferStore> p_store;    // null: nothing is served
  std::unique_ptr<CTransferKeeper> p_keeper;  // null: nothing is taken

  CTransferPlaces places;  // of all sessions
};

CFileTransfer::CFileTransfer(uint16_t firstCode) : m_p_parts(std::make_unique<SParts>(*this, firstCode)) {
  static_assert(kCodes == static_cast<size_t>(ETransferCode::kCount));
  for (const uint16_t code : Codes()) On(code, &CFileTransfer::Handle, Run::kBlocking);
}

CFileTransfer::~CFileTransfer() = default;

std::array<uint16_t, CFileTransfer::kCodes> CFileTransfer::Codes() const {
  std::array<uint16_t, kCodes> codes{};
  for (size_t i = 0; i < kCodes; ++i) codes[i] = static_cast<uint16_t>(m_p_parts->firstCode + i);
  return codes;
}

void CFileTransfer::Start(CServerCalls& calls) {
  m_p_parts->config = calls.Config<STransferConfig>();
  m_p_parts->p_log = &calls.LimitedLog();
  if (m_p_parts->config.root.empty()) return;
  const SLimitsConfig& limits = calls.Config().limits;
  // What a client has in flight must fit into what may be unsent, or it would be closed for asking.
  m_p_parts->windowBytes = std::min(kWindowBytes, limits.send_queue_bytes / 2);
  m_p_parts->chunkBytes = std::clamp<uint32_t>(m_p_parts->windowBytes / 2, 1, kTransferChunkBytes);
  const auto overhead = static_cast<uint32_t>(kHeaderBytes + sizeof(SWriteBody));
  m_p_parts->writeBytes = std::min(limits.packet_bytes, overhead + kTransferChunkBytes);
  m_p_parts->writeBytes = m_p_parts->writeBytes > overhead ? m_p_parts->writeBytes - overhead : 0;
  // However long the first count takes, half of the threads remain for all else.
  const uint32_t mostAdmitting = std::max(1U, calls.Config().business.threads / 2);
  m_p_parts->p_store = std::make_unique<CTransferStore>(m_p_parts->config, mostAdmitting, *m_p_parts->p_log);
  if (!m_p_parts->config.writable) return;
  m_p_parts->p_keeper = std::make_unique<CTransferKeeper>(*m_p_parts->p_store, m_p_parts->config);
}

void CFileTransfer::OnWorkerStop() { m_p_parts->p_keeper.reset(); }

bool CFileTransfer::Handle(CRequest& request) { return m_p_parts->Handle(request); }

bool CFileTransfer::SParts::Handle(CRequest& request) {
  if (p_store == nullptr) return request.Reject(ERejectReason::kUnknownCode);
  switch (static_cast<ETransferCode>(request.MsgCode() - firstCode)) {
    case ETransferCode::kStat:
      return HandleStat(request);
    case ETransferCode::kOpen:
      return HandleOpen(request);
    case ETransferCode::kList:
      return HandleList(request);
    case ETransferCode::kGet:
      return HandleGet(request);
    case ETransferCode::kHash:
      return HandleHash(request);
    case ETransferCode::kPut:
      return HandlePut(request);
    case ETransferCode::kWrite:
      return HandleWrite(request);
    case ETransferCode::kCommit:
      return HandleCommit(request);
    case ETransferCode::kClose:
      return HandleClose(request);
    case ETransferCode::kCount:
      break;
  }
  return request.Reject(ERejectReason::kUnknownCode);
}

SOpenTransfer* CFileTransfer::SParts::Find(CRequest& request, uint32_t handle) {
  return TransfersOf(request).Find(handle);
}

COpenTransfers& CFileTransfer::SParts::TransfersOf(CRequest& request) {
  std::optional<COpenTransfers>& open = request.StateOf<SSessionState>(p_module).open;
  if (!open) {
    const CTransferPlaces::SLimits limits{config.max_open_worker, config.max_peer_open};
    open.emplace(config.max_open, limits, places, PeerOf(request));
  }
  return *open;
}

void CFileTransfer::SParts::NoteFailure(ETransferStatus status, const char* p_what, std::string_view path) {
  if (status != ETransferStatus::kIoError && status != ETransferStatus::kNoSpace) return;
  const int error = errno;
  p_log->Write(ELogLevel::kWarn, {CLimitedLog::SSubject::EKind::kTransferFailed, static_cast<uint16_t>(status)}, [&] {
    return fmt::format("transfer: {} '{}': {} ({})", p_what, path, ToString(status), std::strerror(error));
  });
}

bool CFileTransfer::SParts::HandleStat(CRequest& request) {
  const CTransferStore::SOpened opened = p_store->Open(Text(request));
  NoteFailure(opened.status, "stat", Text(request));
  return request.Reply(opened.stat);
}

bool CFileTransfer::SParts::HandleOpen(CRequest& request) {
  CTransferStore::SOpened opened = p_store->Open(Text(request));
  NoteFailure(opened.status, "open", Text(request));
  if (opened.status != ETransferStatus::kOk) return Refuse<SOpenReply>(request, opened.status);
  // Whatever may throw comes before the handle, which would stay until the session's end.
  std::unique_ptr<CDirectoryPager> p_pager;
  if (opened.stat.kind == static_cast<uint8_t>(EFileKind::kDirectory)) {
    p_pager = std::make_unique<CDirectoryPager>(std::move(opened.fd), CTransferStore::kParts);
  }
  COpenTransfers& transfers = TransfersOf(request);
  SOpenReply reply{};
  reply.stat = opened.stat;
  reply.handle = transfers.Add();
  reply.window = windowBytes;
  if (reply.handle == 0) return Refuse<SOpenReply>(request, ETransferStatus::kTooManyOpen);
  SOpenTransfer& transfer = *transfers.Find(reply.handle);
  transfer.size = opened.stat.size;
  transfer.fd = std::move(opened.fd);
  transfer.p_pager = std::move(p_pager);
  return request.Reply(reply);
}

bool CFileTransfer::SParts::HandleList(CRequest& request) {
  const auto* p_body = request.Body<SHandleBody>();
  if (p_body == nullptr) return false;
  SOpenTransfer* p_transfer = Find(request, p_body->handle);
  if (p_transfer == nullptr) return Refuse<SListReply>(request, ETransferStatus::kBadHandle);
  if (p_transfer->p_pager == nullptr) return Refuse<SListReply>(request, ETransferStatus::kNotADirectory);
  return request.ReplyInPlace(kListBytes, [&](std::span<std::byte> room) {
    const CDirectoryPager::SPage page = p_transfer->p_pager->Next(room.subspan(sizeof(SListReply)));
    SListReply reply{};
    reply.status = Wire(page.status);
    reply.count = page.entries;
    std::memcpy(room.data(), &reply, sizeof(reply));
    return sizeof(reply) + page.bytes;
  });
}

bool CFileTransfer::SParts::HandleGet(CRequest& request) {
  const auto* p_body = request.Body<SGetBody>();
  if (p_body == nullptr) return false;
  if (p_body->handle == 0) {
    const CTransferStore::SOpened opened = p_store->Open(TextAfter<SGetBody>(request));
    if (opened.status != ETransferStatus::kOk) return Refuse<SGetReply>(request, opened.status);
    return Answer(request, opened.fd, p_body->offset, p_body->length);
  }
  const SOpenTransfer* p_transfer = Find(request, p_body->handle);
  if (p_transfer == nullptr) return Refuse<SGetReply>(request, ETransferStatus::kBadHandle);
  return Answer(request, p_transfer->fd, p_body->offset, p_body->length);
}

bool CFileTransfer::SParts::Answer(CRequest& request, const CFd& file, uint64_t offset, uint32_t length) {
  if (!file.IsValid()) return Refuse<SGetReply>(request, ETransferStatus::kNotAFile);
  const uint32_t most = std::min(length, chunkBytes);
  return request.ReplyInPlace(sizeof(SGetReply) + most, [&](std::span<std::byte> room) {
    // Beyond what an off_t holds there is no file either.
    const bool isBeyond = offset > INT64_MAX - uint64_t{kTransferChunkBytes};
    const ssize_t bytes = isBeyond ? 0 : ReadAt(file.Get(), room.subspan(sizeof(SGetReply)), offset);
    SGetReply reply{};
    if (bytes < 0) reply.status = Wire(errno == EISDIR ? ETransferStatus::kNotAFile : ETransferStatus::kIoError);
    if (bytes >= 0) reply.offset = offset;
    std::memcpy(room.data(), &reply, sizeof(reply));
    return sizeof(reply) + static_cast<size_t>(std::max<ssize_t>(bytes, 0));
  });
}

bool CFileTransfer::SParts::HandleHash(CRequest& request) {
  const auto* p_body = request.Body<SHashBody>();
  if (p_body == nullptr) return false;
  SOpenTransfer* p_transfer = Find(request, p_body->handle);
  if (p_transfer == nullptr) return Refuse<SHashReply>(request, ETransferStatus::kBadHandle);
  if (p_transfer->p_pager != nullptr) return Refuse<SHashReply>(request, ETransferStatus::kNotAFile);
  const CUpload* p_upload = p_transfer->p_upload.get();
  const bool isMd5 = p_body->isMd5 != 0;
  std::optional<CFileHash>& hash = p_transfer->hash;
  if (!hash || hash->IsMd5() != isMd5) hash.emplace(p_upload != nullptr ? p_upload->Have() : p_transfer->size, isMd5);
  const int error = hash->Step(p_upload != nullptr ? p_upload->Fd() : p_transfer->fd.Get());
  if (error != 0) return Refuse<SHashReply>(request, ETransferStatus::kIoError);
  SHashReply reply{};
  reply.hashed = hash->Hashed();
  reply.size = hash->Size();
  std::copy(hash->Sha256().begin(), hash->Sha256().end(), reply.sha256);
  std::copy(hash->Md5().begin(), hash->Md5().end(), reply.md5);
  return request.Reply(reply);
}

bool CFileTransfer::SParts::HandlePut(CRequest& request) {
  const auto* p_body = request.Body<SPutBody>();
  if (p_body == nullptr) return false;
  const std::string_view path = TextAfter<SPutBody>(request);
  COpenTransfers& transfers = TransfersOf(request);
  SPutReply reply{};
  reply.handle = transfers.Add();
  if (reply.handle == 0) return Refuse<SPutReply>(request, ETransferStatus::kTooManyOpen);
  SOpenTransfer& transfer = *transfers.Find(reply.handle);
  CTransferStore::SBegun begun;
  try {
    transfer.path = path;
    begun = p_store->Begin(path, p_body->size, p_body->flags, PeerOf(request));
  } catch (...) {
    transfers.Remove(reply.handle);
    throw;
  }
  NoteFailure(begun.status, "put", path);
  if (begun.status == ETransferStatus::kNoSpace) p_keeper->WantCount();
  if (begun.status != ETransferStatus::kOk) {
    transfers.Remove(reply.handle);
    return Refuse<SPutReply>(request, begun.status);
  }
  transfer.p_upload = std::move(begun.p_upload);
  transfer.isReplacing = (p_body->flags & kPutReplace) != 0;
  reply.have = transfer.p_upload->Have();
  reply.chunkBytes = writeBytes;
  return request.Reply(reply);
}

bool CFileTransfer::SParts::HandleWrite(CRequest& request) {
  const auto* p_body = request.Body<SWriteBody>();
  if (p_body == nullptr) return false;
  SOpenTransfer* p_transfer = Find(request, p_body->handle);
  if (p_transfer == nullptr || p_transfer->p_upload == nullptr) {
    return Refuse<SWriteReply>(request, ETransferStatus::kBadHandle);
  }
  p_transfer->hash.reset();
  const auto bytes = request.Body().subspan(sizeof(SWriteBody));
  const ETransferStatus status = p_transfer->p_upload->Write(p_body->offset, bytes);
  NoteFailure(status, "write", p_transfer->path);
  SWriteReply reply{};
  reply.status = Wire(status);
  reply.have = p_transfer->p_upload->Have();
  return request.Reply(reply);
}

bool CFileTransfer::SParts::HandleCommit(CRequest& request) {
  const auto* p_body = request.Body<SHandleBody>();
  if (p_body == nullptr) return false;
  SOpenTransfer* p_transfer = Find(request, p_body->handle);
  if (p_transfer == nullptr || p_transfer->p_upload == nullptr) {
    return Refuse<SStatusReply>(request, ETransferStatus::kBadHandle);
  }
  const ETransferStatus status = p_transfer->p_upload->Commit(p_transfer->path, p_transfer->isReplacing);
  NoteFailure(status, "commit", p_transfer->path);
  if (status == ETransferStatus::kOk) TransfersOf(request).Remove(p_body->handle);
  return Refuse<SStatusReply>(request, status);
}

bool CFileTransfer::SParts::HandleClose(CRequest& request) {
  const auto* p_body = request.Body<SCloseBody>();
  if (p_body == nullptr) return false;
  SOpenTransfer* p_transfer = Find(request, p_body->handle);
  if (p_transfer == nullptr) return Refuse<SStatusReply>(request, ETransferStatus::kBadHandle);
  if (p_transfer->p_upload != nullptr && p_body->isDiscarded != 0) p_transfer->p_upload->Discard();
  TransfersOf(request).Remove(p_body->handle);
  return Refuse<SStatusReply>(request, ETransferStatus::kOk);
}

}  // namespace switchboard
