#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <typeindex>
#include <vector>

#include "misc/config/CConfigRules.h"

namespace switchboard {

// Whether sections and keys may be called so: with a-z, 0-9 and _ alone.
bool IsConfigName(std::string_view name);

// One key of a section. `p_section` points to the section's struct.
struct SConfigKey {
  std::string name;
  std::string about;
  std::string allowed;
  std::string initial;      // the default, as TOML
  bool isFixed = false;     // a reload can't change it
  bool isRequired = false;  // in each table of a list
  // Stores the value, if it is allowed.
  std::function<ConfigComplaint(const SConfigValue& value, void* p_section)> set;
  std::function<std::string(const void* p_section)> show;  // as TOML
  std::function<void(void* p_to, const void* p_from)> copy;
};

// One section: what its keys are, and how its struct is made.
struct SConfigSection {
  std::string name;
  std::string about;
  bool isList = false;  // [[name]], once for each
  std::type_index type;
  std::function<std::shared_ptr<void>()> make;  // with the defaults
  std::vector<SConfigKey> keys = {};

  const SConfigKey* Find(std::string_view key) const;
  // Throws std::logic_error when the key has no proper name or is there already.
  void Add(SConfigKey key);
};

}  // namespace switchboard
