// The bodies of the file transfer's codes, as docs/TRANSFER.md lays them out.
#pragma once

#include <boost/endian/arithmetic.hpp>
#include <cstddef>
#include <cstdint>

namespace switchboard::sim {

inline constexpr uint16_t kStatCode = 64;
inline constexpr uint16_t kOpenCode = 65;
inline constexpr uint16_t kListCode = 66;
inline constexpr uint16_t kGetCode = 67;
inline constexpr uint16_t kHashCode = 68;
inline constexpr uint16_t kPutCode = 69;
inline constexpr uint16_t kWriteCode = 70;
inline constexpr uint16_t kCommitCode = 71;
inline constexpr uint16_t kCloseCode = 72;

inline constexpr uint32_t kGetBytes = 61440;  // of a file in one answer, at most

// The first field of every answer. What counts here: nothing else is looked at by its number.
inline constexpr uint16_t kStatusOk = 0;
inline constexpr uint16_t kStatusBusy = 12;
// What docs/TRANSFER.md says of it, for people.
const char* TransferStatusText(uint16_t status);

inline constexpr uint8_t kKindFile = 1;
inline constexpr uint8_t kKindDirectory = 2;

inline constexpr uint8_t kPutReplaces = 1;
inline constexpr uint8_t kPutResumes = 2;

#pragma pack(push, 1)
struct SHandleBody {
  boost::endian::big_uint32_t handle;
};

// A path follows if the handle is 0.
struct SGetBody {
  boost::endian::big_uint32_t handle;
  boost::endian::big_uint64_t offset;
  boost::endian::big_uint32_t length;
};

struct SHashBody {
  boost::endian::big_uint32_t handle;
  uint8_t isMd5;
};

struct SPutBody {
  boost::endian::big_uint64_t size;
  uint8_t flags;
};

struct SWriteBody {
  boost::endian::big_uint32_t handle;
  boost::endian::big_uint64_t offset;
};

struct SCloseBody {
  boost::endian::big_uint32_t handle;
  uint8_t isDiscarded;
};

struct SStatusReply {
  boost::endian::big_uint16_t status;
};

struct SStatReply {
  boost::endian::big_uint16_t status;
  uint8_t kind;
  boost::endian::big_uint64_t size;
  boost::endian::big_int64_t modified;  // nanoseconds since 1970
};

struct SOpenReply {
  SStatReply stat;
  boost::endian::big_uint32_t handle;
  boost::endian::big_uint32_t window;
};

struct SListReply {
  boost::endian::big_uint16_t status;
  boost::endian::big_uint16_t count;
};

struct SListEntry {
  uint8_t kind;
  boost::endian::big_uint64_t size;
  boost::endian::big_int64_t modified;
  uint8_t nameBytes;
};

struct SGetReply {
  boost::endian::big_uint16_t status;
  boost::endian::big_uint64_t offset;
};

struct SHashReply {
  boost::endian::big_uint16_t status;
  boost::endian::big_uint64_t hashed;
  boost::endian::big_uint64_t size;
  uint8_t sha256[32];
  uint8_t md5[16];
};

struct SPutReply {
  boost::endian::big_uint16_t status;
  boost::endian::big_uint32_t handle;
  boost::endian::big_uint64_t have;
  boost::endian::big_uint32_t chunkBytes;
};

struct SWriteReply {
  boost::endian::big_uint16_t status;
  boost::endian::big_uint64_t have;
};
#pragma pack(pop)

}  // namespace switchboard::sim
