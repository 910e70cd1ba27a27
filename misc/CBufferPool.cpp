#include "misc/CBufferPool.h"

#include <bit>
#include <cstring>
#include <new>
#include <utility>

namespace switchboard {

void CBlock::Append(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  std::memcpy(Data() + m_size, bytes.data(), bytes.size());
  m_size += static_cast<uint32_t>(bytes.size());
}

void SBlockRecycle::operator()(CBlock* p_block) const { p_block->m_pool.Return(p_block); }

CBufferPool::~CBufferPool() {
  for (SShelf& shelf : m_shelves) {
    CMutexLock lock(shelf.mutex);
    while (CBlock* p_block = shelf.p_first) {
      shelf.p_first = p_block->m_p_next;
      ::operator delete(p_block);
    }
  }
}

size_t CBufferPool::ClassFor(size_t bytes) {
  return bytes <= kSmallest ? 0 : static_cast<size_t>(std::bit_width((bytes - 1) / kSmallest));
}

BlockPtr CBufferPool::Get(size_t bytes) {
  const size_t sizeClass = ClassFor(bytes);
  if (sizeClass < kClasses) {
    SShelf& shelf = m_shelves[sizeClass];
    CMutexLock lock(shelf.mutex);
    m_held.Set(sizeClass, ++shelf.lent * MemoryOf(sizeClass));
    if (CBlock* p_block = shelf.p_first) {
      shelf.p_first = std::exchange(p_block->m_p_next, nullptr);
      --shelf.count;
      p_block->m_begin = p_block->m_size = 0;
      p_block->m_isMarked = false;
      return BlockPtr(p_block);
    }
  } else {
    m_held.AddShared(bytes + sizeof(CBlock));
  }
  return Make(sizeClass < kClasses ? BytesOf(sizeClass) : bytes);
}

BlockPtr CBufferPool::Make(size_t bytes) {
  if (m_onGrowth) m_onGrowth();
  void* p_memory = ::operator new(sizeof(CBlock) + bytes);
  return BlockPtr(new (p_memory) CBlock(*this, static_cast<uint32_t>(bytes)));
}

void CBufferPool::Return(CBlock* p_block) {
  p_block->m_p_file.reset();
  const size_t sizeClass = ClassFor(p_block->m_capacity);
  if (sizeClass < kClasses) {
    SShelf& shelf = m_shelves[sizeClass];
    CMutexLock lock(shelf.mutex);
    m_held.Set(sizeClass, --shelf.lent * MemoryOf(sizeClass));
    if ((shelf.count + 1) * BytesOf(sizeClass) <= kKeptBytes) {
      p_block->m_p_next = shelf.p_first;
      shelf.p_first = p_block;
      ++shelf.count;
      return;
    }
  } else {
    m_held.SubtractShared(p_block->m_capacity + sizeof(CBlock));
  }
  ::operator delete(p_block);
}

CBlockQueue::CBlockQueue(CBlockQueue&& other) noexcept
    : m_p_first(std::exchange(other.m_p_first, nullptr)), m_p_last(std::exchange(other.m_p_last, nullptr)) {}

CBlockQueue& CBlockQueue::operator=(CBlockQueue&& other) noexcept {
  if (this != &other) {
    Clear();
    m_p_first = std::exchange(other.m_p_first, nullptr);
    m_p_last = std::exchange(other.m_p_last, nullptr);
  }
  return *this;
}

void CBlockQueue::PushBack(BlockPtr p_block) {
  CBlock* p_raw = p_block.release();
  (m_p_last != nullptr ? m_p_last->m_p_next : m_p_first) = p_raw;
  m_p_last = p_raw;
}

void CBlockQueue::PushFront(BlockPtr p_block) {
  CBlock* p_raw = p_block.release();
  p_raw->m_p_next = m_p_first;
  m_p_first = p_raw;
  if (m_p_last == nullptr) m_p_last = p_raw;
}

BlockPtr CBlockQueue::PopFront() {
  CBlock* p_block = m_p_first;
  if (p_block != nullptr) {
    m_p_first = std::exchange(p_block->m_p_next, nullptr);
    if (m_p_first == nullptr) m_p_last = nullptr;
  }
  return BlockPtr(p_block);
}

void CBlockQueue::Splice(CBlockQueue&& other) {
  if (other.IsEmpty()) return;
  (m_p_last != nullptr ? m_p_last->m_p_next : m_p_first) = other.m_p_first;
  m_p_last = other.m_p_last;
  other.m_p_first = other.m_p_last = nullptr;
}

void CBlockQueue::Clear() {
  while (PopFront()) {
  }
}

}  // namespace switchboard
