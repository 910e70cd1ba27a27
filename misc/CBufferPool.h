#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>

#include "misc/SHeldBytes.h"
#include "misc/file/SFileRange.h"
#include "misc/thread/CMutex.h"

namespace switchboard {

class CBufferPool;

// A run of bytes behind a small header, in one piece of memory; the bytes from Begin to Size are still to be used. A
// part of a file may follow them.
// Threads: one owner at a time.
class CBlock {
 public:
  CBlock(const CBlock&) = delete;
  CBlock& operator=(const CBlock&) = delete;

  std::byte* Data() { return reinterpret_cast<std::byte*>(this + 1); }
  std::span<const std::byte> Unused() const {
    return {reinterpret_cast<const std::byte*>(this + 1) + m_begin, m_size - m_begin};
  }
  uint32_t Capacity() const { return m_capacity; }
  void Append(std::span<const std::byte> bytes);
  // Marks bytes at the front of Unused as used.
  void Consume(size_t bytes) { m_begin += static_cast<uint32_t>(bytes); }
  // A mark that travels with the block; what it means is its users' business.
  void SetMarked() { m_isMarked = true; }
  bool IsMarked() const { return m_isMarked; }
  // A part of a file that comes behind the bytes; nullptr if there is none.
  void SetFile(SFileRange range) { m_p_file = std::make_unique<SFileRange>(std::move(range)); }
  SFileRange* File() const { return m_p_file.get(); }
  // The bytes that may still be appended.
  size_t Free() const { return m_capacity - m_size; }
  // The memory that it takes, however few bytes are in it: what is counted where memory is bounded. A file is not in
  // memory, but what names it is.
  size_t Memory() const { return sizeof(CBlock) + m_capacity + (m_p_file != nullptr ? kFileWeight : 0); }
  static constexpr size_t kFileWeight = 256;

 private:
  friend class CBufferPool;
  friend class CBlockQueue;
  friend struct SBlockRecycle;
  CBlock(CBufferPool& pool, uint32_t capacity) : m_pool(pool), m_capacity(capacity) {}

  CBufferPool& m_pool;
  CBlock* m_p_next = nullptr;
  uint32_t m_capacity;
  uint32_t m_begin = 0;
  uint32_t m_size = 0;
  bool m_isMarked = false;
  std::unique_ptr<SFileRange> m_p_file;
};

struct SBlockRecycle {
  void operator()(CBlock* p_block) const;
};
using BlockPtr = std::unique_ptr<CBlock, SBlockRecycle>;

// Lends blocks in a few sizes, which are at most twice what was asked for, and keeps a bounded number of returned ones
// for the next borrower.
// Threads: any. Outlives every block that it lent.
class CBufferPool {
 public:
  CBufferPool() = default;
  // `held` follows what is lent; it outlives the pool. `onGrowth` is called, by any thread, whenever the system is
  // asked for memory.
  CBufferPool(SHeldBytes& held, std::function<void()> onGrowth) : m_held(held), m_onGrowth(std::move(onGrowth)) {}
  ~CBufferPool();
  CBufferPool(const CBufferPool&) = delete;
  CBufferPool& operator=(const CBufferPool&) = delete;

  // A block with room for at least `bytes` (any number below 4 GiB). Throws std::bad_alloc.
  BlockPtr Get(size_t bytes);

 private:
  friend struct SBlockRecycle;
  static constexpr size_t kClasses = 11;
  static constexpr size_t kSmallest = 256;          // bytes of a block of class 0; each class is twice the one before
  static constexpr size_t kKeptBytes = 512 * 1024;  // at most this much of a class is kept
  static_assert(kClasses < SHeldBytes::kParts);

  struct SShelf {
    CMutex mutex;
    CBlock* p_first GUARDED_BY(mutex) = nullptr;
    size_t count GUARDED_BY(mutex) = 0;
    size_t lent GUARDED_BY(mutex) = 0;
  };

  // Of the bytes in a block of a class, and of its memory.
  static constexpr size_t BytesOf(size_t sizeClass) { return kSmallest << sizeClass; }
  static constexpr size_t MemoryOf(size_t sizeClass) { return BytesOf(sizeClass) + sizeof(CBlock); }
  static size_t ClassFor(size_t bytes);
  BlockPtr Make(size_t bytes);
  void Return(CBlock* p_block);

  SHeldBytes m_ownHeld;
  SHeldBytes& m_held = m_ownHeld;
  const std::function<void()> m_onGrowth;

  std::array<SShelf, kClasses> m_shelves;
};

// Blocks in a row, owned, first in first out.
// Threads: one owner at a time.
class CBlockQueue {
 public:
  CBlockQueue() = default;
  ~CBlockQueue() { Clear(); }
  CBlockQueue(CBlockQueue&& other) noexcept;
  CBlockQueue& operator=(CBlockQueue&& other) noexcept;

  bool IsEmpty() const { return m_p_first == nullptr; }
  CBlock* First() { return m_p_first; }
  CBlock* Last() { return m_p_last; }
  static CBlock* Next(CBlock* p_block) { return p_block->m_p_next; }
  void PushBack(BlockPtr p_block);
  void PushFront(BlockPtr p_block);
  BlockPtr PopFront();
  // Moves all of `other` behind what is here.
  void Splice(CBlockQueue&& other);
  void Clear();

 private:
  CBlock* m_p_first = nullptr;
  CBlock* m_p_last = nullptr;
};

}  // namespace switchboard
