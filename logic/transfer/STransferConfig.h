#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace switchboard {

class CConfigSchema;

// [transfer]: files over the packet protocol (CFileTransfer).
struct STransferConfig {
  std::string root;  // empty: no transfers
  bool writable = false;
  uint64_t max_file_bytes = 1ULL << 30;    // of an upload
  uint64_t max_total_bytes = 10ULL << 30;  // of all files beneath the root; 0: no limit
  uint64_t max_total_files = 1000000;      // beneath the root, unfinished ones among them; 0: no limit
  uint64_t max_peer_bytes = 2ULL << 30;    // of all unfinished uploads of an address, as announced; 0: no limit
  uint32_t max_peer_parts = 64;            // unfinished uploads of an address
  uint32_t max_parts = 1024;               // unfinished uploads of all
  uint32_t max_open = 16;                  // transfers of a session
  uint32_t max_open_worker = 1024;
  uint32_t max_peer_open = 512;                // transfers of an address, in a worker
  std::chrono::milliseconds keep{86400000};    // unfinished uploads
  std::chrono::milliseconds recount{3600000};  // from one count of all files to the next

  static void Describe(CConfigSchema& schema);
  bool operator==(const STransferConfig&) const = default;
};

}  // namespace switchboard
