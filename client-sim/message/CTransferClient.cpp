#include "client-sim/message/CTransferClient.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>

namespace switchboard::sim {
namespace {

constexpr uint64_t kGetWindow = 64;    // pieces on their way, however large a window the server offers
constexpr uint64_t kWriteWindow = 16;  // chunks on their way
constexpr uint32_t kHashesAhead = 4;   // requests on their way

struct SNothing {};

template <class Body>
std::span<const std::byte> BytesOf(const Body& body) {
  if constexpr (std::is_empty_v<Body>) return {};
  return std::as_bytes(std::span(&body, 1));
}

SRemoteFile FileOf(uint8_t kind, uint64_t size, int64_t modified) {
  return {kind == kKindFile, kind == kKindDirectory, size, modified};
}

}  // namespace

const char* TransferStatusText(uint16_t status) {
  constexpr std::array<const char*, 15> kTexts{"ok",
                                               "no such file",
                                               "permission denied",
                                               "not a file",
                                               "not a directory",
                                               "the file exists",
                                               "the server takes no files",
                                               "the file is too large for the server",
                                               "no space on the server",
                                               "bad handle",
                                               "too many files open",
                                               "bad offset",
                                               "somebody else is putting that file, or too many begin to put",
                                               "bad name",
                                               "I/O error on the server"};
  return status < kTexts.size() ? kTexts[status] : "an error that this client doesn't know";
}

template <class Reply>
Reply CTransferClient::Take(uint16_t msgCode, const char* p_what, std::span<const std::byte>* p_rest) {
  const std::span<const std::byte> body = m_link.Receive(msgCode);
  if (body.size() < sizeof(Reply)) throw std::runtime_error(fmt::format("the answer to {} is too short", p_what));
  Reply reply;
  std::memcpy(&reply, body.data(), sizeof(reply));
  boost::endian::big_uint16_t status;
  std::memcpy(&status, body.data(), sizeof(status));
  if (status != kStatusOk) throw CRefused(fmt::format("{}: {}", p_what, TransferStatusText(status)), status);
  if (p_rest != nullptr) *p_rest = body.subspan(sizeof(reply));
  return reply;
}

template <class Reply, class Body>
Reply CTransferClient::Ask(uint16_t msgCode, const Body& body, std::string_view text, const char* p_what) {
  m_link.Add(msgCode, BytesOf(body), std::as_bytes(std::span(text)));
  m_link.Flush();
  return Take<Reply>(msgCode, p_what);
}

CTransferClient::SOpened CTransferClient::Open(const std::string& path) {
  const auto reply = Ask<SOpenReply>(kOpenCode, SNothing{}, path, "open");
  return {FileOf(reply.stat.kind, reply.stat.size, reply.stat.modified), reply.handle, reply.window};
}

std::vector<SRemoteEntry> CTransferClient::List(uint32_t handle) {
  SHandleBody body;
  body.handle = handle;
  m_link.Add(kListCode, BytesOf(body));
  m_link.Flush();
  std::span<const std::byte> rest;
  const auto reply = Take<SListReply>(kListCode, "list", &rest);
  std::vector<SRemoteEntry> entries;
  for (uint32_t i = 0; i < reply.count; ++i) {
    SListEntry entry;
    if (rest.size() < sizeof(entry)) throw std::runtime_error("a list that is cut short");
    std::memcpy(&entry, rest.data(), sizeof(entry));
    rest = rest.subspan(sizeof(entry));
    if (rest.size() < entry.nameBytes) throw std::runtime_error("a list that is cut short");
    entries.push_back({{reinterpret_cast<const char*>(rest.data()), entry.nameBytes},
                       FileOf(entry.kind, entry.size, entry.modified)});
    rest = rest.subspan(entry.nameBytes);
  }
  return entries;
}

void CTransferClient::Get(const SOpened& opened, uint64_t from, uint64_t end, const Sink& sink) {
  // A server gives out at most half of its window at a time.
  const uint64_t chunkBytes = std::clamp<uint64_t>(opened.window / 2, 1, kGetBytes);
  const uint64_t most = std::clamp<uint64_t>(opened.window / chunkBytes, 1, kGetWindow);
  uint64_t asked = from;
  uint64_t inFlight = 0;
  for (uint64_t got = from; got < end;) {
    // Half a window at a time, so that requests leave together.
    if (inFlight <= most / 2) {
      for (; inFlight < most && asked < end; ++inFlight) {
        SGetBody body;
        body.handle = opened.handle;
        body.offset = asked;
        body.length = static_cast<uint32_t>(std::min(chunkBytes, end - asked));
        asked += body.length;
        m_link.Add(kGetCode, BytesOf(body));
      }
      m_link.Flush();
    }
    std::span<const std::byte> bytes;
    const auto reply = Take<SGetReply>(kGetCode, "get", &bytes);
    --inFlight;
    if (reply.offset != got) {
      throw std::runtime_error(fmt::format("asked for byte {}, got {}", got, reply.offset.value()));
    }
    if (bytes.size() != std::min(chunkBytes, end - got)) {
      throw std::runtime_error("the file became shorter");
    }
    sink(got, bytes);
    got += bytes.size();
  }
}

CTransferClient::SHashes CTransferClient::Hash(uint32_t handle, bool isMd5,
                                               const std::function<void(uint64_t)>& progress) {
  SHashBody body;
  body.handle = handle;
  body.isMd5 = isMd5 ? 1 : 0;
  for (uint32_t i = 0; i < kHashesAhead; ++i) m_link.Add(kHashCode, BytesOf(body));
  uint32_t inFlight = kHashesAhead;
  uint64_t hashed = 0;
  MonotonicTime advanced = m_clock.Now();
  SHashReply reply{};
  while (inFlight > 0) {
    m_link.Flush();
    reply = Take<SHashReply>(kHashCode, "hash");
    --inFlight;
    if (progress) progress(reply.hashed);
    if (reply.hashed == reply.size) continue;
    const MonotonicTime now = m_clock.Now();
    if (reply.hashed > hashed) {
      hashed = reply.hashed;
      advanced = now;
    }
    if (reply.hashed > reply.size || now - advanced >= m_patience) {
      throw std::runtime_error(
          fmt::format("the server's digest stands still at {} of {} bytes", reply.hashed.value(), reply.size.value()));
    }
    m_link.Add(kHashCode, BytesOf(body));
    ++inFlight;
  }
  SHashes hashes;
  hashes.size = reply.size;
  std::copy(std::begin(reply.sha256), std::end(reply.sha256), hashes.sha256.begin());
  std::copy(std::begin(reply.md5), std::end(reply.md5), hashes.md5.begin());
  return hashes;
}

CTransferClient::SBegun CTransferClient::Put(const std::string& path, uint64_t size, uint8_t flags) {
  SPutBody body;
  body.size = size;
  body.flags = flags;
  const auto reply = Ask<SPutReply>(kPutCode, body, path, "put");
  if (reply.chunkBytes == 0) throw std::runtime_error("the server's packets are too small to put anything");
  if (reply.have > size) {
    throw std::runtime_error(fmt::format("the server has {} bytes of a file of {}", uint64_t{reply.have}, size));
  }
  // More than a packet holds is no promise that a server can keep.
  return {reply.handle, reply.have, std::min<uint32_t>(reply.chunkBytes, kMaxBodyBytes - sizeof(SWriteBody))};
}

void CTransferClient::Write(const SBegun& begun, uint64_t end, const Source& source,
                            const std::function<void(uint64_t)>& progress) {
  std::vector<std::byte> chunk(begun.chunkBytes);
  uint64_t sent = begun.have;
  uint64_t inFlight = 0;
  for (uint64_t have = begun.have; have < end;) {
    if (inFlight <= kWriteWindow / 2) {
      for (; inFlight < kWriteWindow && sent < end; ++inFlight) {
        const auto bytes = std::span(chunk).first(static_cast<size_t>(std::min<uint64_t>(chunk.size(), end - sent)));
        source(sent, bytes);
        SWriteBody body;
        body.handle = begun.handle;
        body.offset = sent;
        m_link.Add(kWriteCode, BytesOf(body), bytes);
        sent += bytes.size();
      }
      m_link.Flush();
    }
    have = Take<SWriteReply>(kWriteCode, "write").have;
    --inFlight;
    if (have < end && inFlight == 0 && sent == end) {
      throw std::runtime_error(fmt::format("the server took {} bytes, and has {}", end, have));
    }
    progress(have);
  }
}

void CTransferClient::Commit(uint32_t handle) {
  SHandleBody body;
  body.handle = handle;
  Ask<SStatusReply>(kCommitCode, body, {}, "commit");
}

void CTransferClient::Close(uint32_t handle, bool isDiscarded) {
  SCloseBody body;
  body.handle = handle;
  body.isDiscarded = isDiscarded ? 1 : 0;
  Ask<SStatusReply>(kCloseCode, body, {}, "close");
}

}  // namespace switchboard::sim
