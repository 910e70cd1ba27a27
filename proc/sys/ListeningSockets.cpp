#include "proc/sys/ListeningSockets.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/stat.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

namespace switchboard {

namespace {

namespace fs = std::filesystem;

// The columns of /proc/net/tcp: proc(5).
constexpr const char* kListening = "0A";  // TCP_LISTEN
constexpr int kColumnsBetween = 5;        // from the state to the inode

// "0100007F:2328": the words of the address as the machine has them in memory, and the port as a number.
CSocketAddress FromHex(const std::string& text) {
  const size_t colon = text.find(':');
  const auto port = static_cast<uint16_t>(std::stoul(text.substr(colon + 1), nullptr, 16));
  const auto word = [&text](size_t i) { return static_cast<uint32_t>(std::stoul(text.substr(8 * i, 8), nullptr, 16)); };
  sockaddr_storage storage{};
  if (colon == 8) {
    auto& address = reinterpret_cast<sockaddr_in&>(storage);
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = word(0);
  } else {
    auto& address = reinterpret_cast<sockaddr_in6&>(storage);
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    for (size_t i = 0; i < 4; ++i) {
      const uint32_t part = word(i);
      std::memcpy(&address.sin6_addr.s6_addr[4 * i], &part, sizeof(part));
    }
  }
  return CSocketAddress::Of(storage);
}

}  // namespace

std::vector<SListeningSocket> ListeningSockets(const CSocketAddress& address) {
  std::vector<SListeningSocket> sockets;
  std::ifstream file(address.Family() == AF_INET6 ? "/proc/self/net/tcp6" : "/proc/self/net/tcp");
  std::string line;
  std::getline(file, line);  // the titles
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string number;
    std::string local;
    std::string remote;
    std::string state;
    words >> number >> local >> remote >> state;
    // The listening ones come first.
    if (state != kListening) break;
    std::string skipped;
    for (int i = 0; i < kColumnsBetween; ++i) words >> skipped;
    uint64_t inode = 0;
    if (!(words >> inode)) break;
    SListeningSocket found{FromHex(local), inode};
    if (found.address.DoesMeet(address)) sockets.push_back(found);
  }
  return sockets;
}

uint64_t SocketInode(int fd) {
  struct stat state {};
  if (fstat(fd, &state) != 0) throw std::system_error(errno, std::generic_category(), "fstat");
  return state.st_ino;
}

std::optional<std::set<uint64_t>> SocketsOf(pid_t pid) {
  std::error_code error;
  const fs::directory_iterator entries(fmt::format("/proc/{}/fd", pid), error);
  if (error) return std::nullopt;
  std::set<uint64_t> inodes;
  for (const fs::directory_entry& entry : entries) {
    uint64_t inode = 0;
    const std::string target = fs::read_symlink(entry.path(), error).string();
    if (!error && std::sscanf(target.c_str(), "socket:[%" SCNu64 "]", &inode) == 1) inodes.insert(inode);
  }
  return inodes;
}

}  // namespace switchboard
