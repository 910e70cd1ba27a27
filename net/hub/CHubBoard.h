#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "misc/file/CFd.h"
#include "net/hub/SHubSeat.h"

namespace switchboard {

// The shared memory of a server's hub: a seat for each live worker process, which that one writes and all read.
// Made by the master, which says whose a seat is; a dead worker's names are gone with one store. A worker can write its
// own seat and nothing else.
// Threads: one, but for those of CHubView.
class CHubBoard {
 public:
  static constexpr uint32_t kSeats = 576;  // as the scoreboard's pages, whose numbers are those of the seats

  // Throws std::system_error.
  CHubBoard();
  // Of a worker process that has no master: its own seat is the only one.
  static std::unique_ptr<CHubBoard> ForOne(uint32_t process);
  ~CHubBoard();
  CHubBoard(const CHubBoard&) = delete;
  CHubBoard& operator=(const CHubBoard&) = delete;

  // Gives an empty seat to a worker process that is about to start. Throws std::system_error. Threads: the master's.
  void Begin(uint32_t seat, uint32_t process);
  // Its names are gone. Threads: the master's.
  void End(uint32_t seat);
  // In a forked worker: keeps its own seat, to be written, and the others to be read. Throws std::system_error.
  void KeepOnly(uint32_t seat);

 private:
  friend class CHubView;
  struct SHeader {
    std::array<uint8_t, 16> key{};                          // of the hashes, random
    std::atomic<uint32_t> seats{0};                         // those from here on were never used
    std::array<std::atomic<uint32_t>, kSeats> processes{};  // 0: nobody's
  };
  static constexpr size_t kHeaderBytes = 4096;
  static_assert(sizeof(SHeader) <= kHeaderBytes);
  static constexpr size_t SeatAt(uint32_t seat) { return kHeaderBytes + size_t{seat} * kSeatBytes; }
  static constexpr size_t kSeatBytes = (sizeof(SHubSeat) + 4095) / 4096 * 4096;

  CFd m_file;
  CFd m_readOnly;  // the same file
  SHeader* m_p_header = nullptr;
  SHubSeat* m_p_own = nullptr;
};

// What a worker sees of the board: its own seat, and those of the others.
// Threads: any.
class CHubView {
 public:
  // `board` outlives it, and has been told to KeepOnly its worker's seat.
  explicit CHubView(CHubBoard& board);
  ~CHubView();
  CHubView(const CHubView&) = delete;
  CHubView& operator=(const CHubView&) = delete;

  SHubSeat& Own() const { return *m_board.m_p_own; }
  // Of a name, the same in all workers of the server, and unknown outside of it.
  uint64_t Hash(ENameKind kind, std::string_view name) const;
  // How many seats there are to be looked at.
  uint32_t Seats() const;
  // The number of the process that has the seat; 0: nobody.
  uint32_t ProcessOf(uint32_t seat) const {
    return m_board.m_p_header->processes[seat].load(std::memory_order_seq_cst);
  }
  // To be read; nullptr when the system has no address space for it.
  const SHubSeat* Seat(uint32_t seat);

 private:
  CHubBoard& m_board;
  std::array<std::atomic<const SHubSeat*>, CHubBoard::kSeats> m_seats{};
};

}  // namespace switchboard
