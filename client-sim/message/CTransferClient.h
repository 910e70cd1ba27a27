#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "client-sim/message/CTransferLink.h"
#include "client-sim/message/TransferBodies.h"
#include "misc/CDigest.h"
#include "misc/thread/CClock.h"

namespace switchboard::sim {

// The server's "no".
class CRefused : public std::runtime_error {
 public:
  CRefused(const std::string& what, uint16_t status) : std::runtime_error(what), m_status(status) {}
  uint16_t Status() const { return m_status; }

 private:
  const uint16_t m_status;
};

struct SRemoteFile {
  bool isFile = false;
  bool isDirectory = false;
  uint64_t size = 0;
  int64_t modified = 0;  // nanoseconds since 1970
};

struct SRemoteEntry {
  std::string name;
  SRemoteFile file;
};

// The file transfer over one connection: each call is one conversation, pipelined where it pays.
// Threads: one; blocks. Everything may throw CLinkLost, CRefused, and std::runtime_error for what makes no sense.
class CTransferClient {
 public:
  CTransferClient(const CEndpoint& server, std::chrono::milliseconds patience)
      : m_patience(patience), m_link(server, patience) {}

  struct SOpened {
    SRemoteFile file;
    uint32_t handle = 0;
    uint32_t window = 0;
  };
  SOpened Open(const std::string& path);
  // The next entries of an open directory; none at its end.
  std::vector<SRemoteEntry> List(uint32_t handle);
  using Sink = std::function<void(uint64_t offset, std::span<const std::byte> bytes)>;
  // Reads from `from` up to `end`, in order. Throws when the file ends before that.
  void Get(const SOpened& opened, uint64_t from, uint64_t end, const Sink& sink);

  struct SHashes {
    uint64_t size = 0;
    Sha256Bytes sha256{};
    Md5Bytes md5{};
  };
  // Of an open file, or of what has arrived of an upload. `progress` gets the bytes hashed so far. A server that
  // answers but gets no further for as long as `patience` is given up.
  SHashes Hash(uint32_t handle, bool isMd5, const std::function<void(uint64_t)>& progress = {});

  struct SBegun {
    uint32_t handle = 0;
    uint64_t have = 0;
    uint32_t chunkBytes = 0;
  };
  SBegun Put(const std::string& path, uint64_t size, uint8_t flags);
  // Fills the room with the next bytes of what is put, all of it.
  using Source = std::function<void(uint64_t offset, std::span<std::byte> room)>;
  // Writes from `begun.have` up to `end`. `progress` gets the bytes that have arrived there.
  void Write(const SBegun& begun, uint64_t end, const Source& source, const std::function<void(uint64_t)>& progress);
  void Commit(uint32_t handle);
  void Close(uint32_t handle, bool isDiscarded = false);

 private:
  // Sends one request and takes its answer.
  template <class Reply, class Body>
  Reply Ask(uint16_t msgCode, const Body& body, std::string_view text, const char* p_what);
  // The front of the next reply to `msgCode`; `rest`, if given, is what follows. Throws CRefused unless it is
  // kStatusOk.
  template <class Reply>
  Reply Take(uint16_t msgCode, const char* p_what, std::span<const std::byte>* p_rest = nullptr);

  const std::chrono::milliseconds m_patience;
  const CClock m_clock{};
  CTransferLink m_link;
};

}  // namespace switchboard::sim
