#include "net/hub/CHubBoard.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <sodium.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <string>
#include <system_error>

namespace switchboard {

namespace {

[[noreturn]] void Throw(const char* p_what) { throw std::system_error(errno, std::generic_category(), p_what); }

void* Map(size_t bytes, int protection, int file, size_t offset) {
  void* const p_memory =
      ::mmap(nullptr, bytes, protection, MAP_SHARED | MAP_NORESERVE, file, static_cast<off_t>(offset));
  return p_memory == MAP_FAILED ? nullptr : p_memory;
}

}  // namespace

CHubBoard::CHubBoard() : m_file(::memfd_create("hub", MFD_CLOEXEC | MFD_ALLOW_SEALING)) {
  if (!m_file.IsValid()) Throw("can't create the hub's memory");
  // Else a worker could open it anew by /proc, to be written.
  if (::fchmod(m_file.Get(), S_IRUSR | S_IRGRP | S_IROTH) != 0) Throw("can't protect the hub's memory");
  // A file of holes that nobody can cut: who reads it can't die of it.
  if (::ftruncate(m_file.Get(), static_cast<off_t>(SeatAt(kSeats))) != 0) Throw("can't size the hub's memory");
  if (::fcntl(m_file.Get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    Throw("can't seal the hub's memory");
  }
  m_readOnly.Reset(::open(("/proc/self/fd/" + std::to_string(m_file.Get())).c_str(), O_RDONLY | O_CLOEXEC));
  void* const p_memory = Map(kHeaderBytes, PROT_READ | PROT_WRITE, m_file.Get(), 0);
  if (p_memory == nullptr) Throw("can't map the hub's memory");
  m_p_header = new (p_memory) SHeader;
  if (::getrandom(m_p_header->key.data(), m_p_header->key.size(), 0) != ssize_t{sizeof(m_p_header->key)}) {
    Throw("can't have random bytes for the hub");
  }
}

std::unique_ptr<CHubBoard> CHubBoard::ForOne(uint32_t process) {
  auto p_board = std::make_unique<CHubBoard>();
  p_board->Begin(0, process);
  p_board->KeepOnly(0);
  return p_board;
}

CHubBoard::~CHubBoard() {
  if (m_p_header != nullptr) ::munmap(m_p_header, kHeaderBytes);
  if (m_p_own != nullptr) ::munmap(m_p_own, kSeatBytes);
}

void CHubBoard::Begin(uint32_t seat, uint32_t process) {
  End(seat);
  const int flags = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  if (::fallocate(m_file.Get(), flags, static_cast<off_t>(SeatAt(seat)), static_cast<off_t>(kSeatBytes)) != 0) {
    Throw("can't empty a seat of the hub");
  }
  m_p_header->processes[seat].store(process, std::memory_order_seq_cst);
  const uint32_t seats = std::max(m_p_header->seats.load(std::memory_order_relaxed), seat + 1);
  m_p_header->seats.store(seats, std::memory_order_seq_cst);
}

void CHubBoard::End(uint32_t seat) { m_p_header->processes[seat].store(0, std::memory_order_seq_cst); }

void CHubBoard::KeepOnly(uint32_t seat) {
  if (!m_readOnly.IsValid()) {
    errno = ENOENT;
    Throw("can't open the hub's memory by /proc");
  }
  m_p_own = static_cast<SHubSeat*>(Map(kSeatBytes, PROT_READ | PROT_WRITE, m_file.Get(), SeatAt(seat)));
  if (m_p_own == nullptr) Throw("can't map a seat of the hub");
  void* const p_header = Map(kHeaderBytes, PROT_READ, m_readOnly.Get(), 0);
  if (p_header == nullptr) Throw("can't map the hub's memory");
  ::munmap(m_p_header, kHeaderBytes);
  m_p_header = static_cast<SHeader*>(p_header);
  m_file.Reset();
}

CHubView::CHubView(CHubBoard& board) : m_board(board) {}

CHubView::~CHubView() {
  for (const auto& p_seat : m_seats) {
    if (p_seat.load() != nullptr) ::munmap(const_cast<SHubSeat*>(p_seat.load()), CHubBoard::kSeatBytes);
  }
}

// SipHash, with a key that no client knows: else names could be chosen that share a bucket.
uint64_t CHubView::Hash(ENameKind kind, std::string_view name) const {
  std::array<unsigned char, 1 + SHubText::kMost> bytes;
  bytes[0] = static_cast<unsigned char>(kind);
  const size_t length = std::min(name.size(), SHubText::kMost);
  std::copy_n(name.data(), length, bytes.begin() + 1);
  uint64_t hash = 0;
  static_assert(crypto_shorthash_BYTES == sizeof(hash) && crypto_shorthash_KEYBYTES == sizeof(CHubBoard::SHeader::key));
  ::crypto_shorthash(reinterpret_cast<unsigned char*>(&hash), bytes.data(), 1 + length, m_board.m_p_header->key.data());
  return hash;
}

uint32_t CHubView::Seats() const {
  return std::min(m_board.m_p_header->seats.load(std::memory_order_seq_cst), CHubBoard::kSeats);
}

const SHubSeat* CHubView::Seat(uint32_t seat) {
  const SHubSeat* p_seat = m_seats[seat].load(std::memory_order_acquire);
  if (p_seat != nullptr) return p_seat;
  void* const p_mapped = Map(CHubBoard::kSeatBytes, PROT_READ, m_board.m_readOnly.Get(), CHubBoard::SeatAt(seat));
  if (p_mapped == nullptr) return nullptr;
  const auto* const p_new = static_cast<const SHubSeat*>(p_mapped);
  if (m_seats[seat].compare_exchange_strong(p_seat, p_new, std::memory_order_acq_rel)) return p_new;
  ::munmap(p_mapped, CHubBoard::kSeatBytes);
  return p_seat;
}

}  // namespace switchboard
