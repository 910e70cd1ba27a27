#include "misc/count/CNamedCounters.h"

#include <string.h>

#include <algorithm>

namespace switchboard {

bool CNamedCounters::IsName(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes || name[0] < 'a' || name[0] > 'z') return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

std::string_view CNamedCounters::NameIn(const SCell& cell) const {
  if (!cell.isNamed.load(std::memory_order_acquire)) return {};
  return {cell.name.data(), ::strnlen(cell.name.data(), cell.name.size())};
}

std::atomic<uint64_t>* CNamedCounters::Find(std::string_view name) {
  if (name.empty()) return nullptr;
  for (SCell& cell : m_cells) {
    if (NameIn(cell) == name) return &cell.value;
  }
  return nullptr;
}

std::atomic<uint64_t>* CNamedCounters::Add(std::string_view name) {
  for (SCell& cell : m_cells) {
    if (cell.isNamed.load(std::memory_order_relaxed)) continue;
    // A worker may have died with half a name written here.
    cell.name.fill('\0');
    std::copy(name.begin(), name.end(), cell.name.begin());
    cell.isNamed.store(true, std::memory_order_release);
    return &cell.value;
  }
  return nullptr;
}

std::string CNamedCounters::Name(size_t place) const {
  const std::string name(NameIn(m_cells[place]));
  return IsName(name) ? name : std::string();
}

}  // namespace switchboard
