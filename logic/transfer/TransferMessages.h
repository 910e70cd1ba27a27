// The bodies of the file transfer messages, byte for byte as they travel; docs/TRANSFER.md has the same on paper.
#pragma once

#include <boost/endian/arithmetic.hpp>
#include <cstddef>
#include <cstdint>

namespace switchboard {

// The messages of CFileTransfer, counted from its first msgCode.
enum class ETransferCode : uint16_t {
  kStat = 0,    // a path; answered with an SStatReply
  kOpen = 1,    // a path; answered with an SOpenReply
  kList = 2,    // SHandleBody; answered with an SListReply and its entries
  kGet = 3,     // SGetBody, and a path if its handle is 0; answered with an SGetReply and the bytes
  kHash = 4,    // SHashBody; answered with an SHashReply
  kPut = 5,     // SPutBody and a path; answered with an SPutReply
  kWrite = 6,   // SWriteBody and the bytes; answered with an SWriteReply
  kCommit = 7,  // SHandleBody; answered with an SStatusReply
  kClose = 8,   // SCloseBody; answered with an SStatusReply
  kCount = 9
};

// How a request ended: the first field of every answer. The values are part of the wire format. Where it isn't kOk, all
// other fields of the answer are 0, but for SWriteReply::have.
enum class ETransferStatus : uint16_t {
  kOk = 0,
  kNotFound = 1,
  kDenied = 2,         // the server may not, or the path leads out of the root
  kNotAFile = 3,       // a directory or a special file, where a file was asked for
  kNotADirectory = 4,  // and the other way round
  kExists = 5,         // kPut without kReplace
  kReadOnly = 6,       // the server takes no files
  kTooLarge = 7,       // over transfer.max_file_bytes
  kNoSpace = 8,        // the disk, the user's quota, or transfer.max_total_bytes
  kBadHandle = 9,
  kTooManyOpen = 10,
  kBadOffset = 11,  // kWrite elsewhere than at the end of what is there; kCommit before all is there
  kBusy = 12,       // somebody else puts that very file, or too many begin to put: try again
  kBadName = 13,    // empty, too long, or with a NUL
  kIoError = 14,    // the server's log says more
};

enum class EFileKind : uint8_t { kFile = 1, kDirectory = 2, kOther = 3 };

#pragma pack(push, 1)
struct SHandleBody {
  boost::endian::big_uint32_t handle;
};

struct SGetBody {
  boost::endian::big_uint32_t handle;  // of kOpen; 0: of the file whose path follows, opened for this once
  boost::endian::big_uint64_t offset;
  boost::endian::big_uint32_t length;  // at most kTransferChunkBytes; more is cut
};

struct SHashBody {
  boost::endian::big_uint32_t handle;
  uint8_t isMd5;  // besides SHA-256
};

struct SPutBody {
  boost::endian::big_uint64_t size;  // of the whole file
  uint8_t flags;                     // kPutReplace, kPutResume
};

struct SWriteBody {
  boost::endian::big_uint32_t handle;
  boost::endian::big_uint64_t offset;
};

struct SCloseBody {
  boost::endian::big_uint32_t handle;
  uint8_t isDiscarded;  // an unfinished upload is removed, instead of kept to be resumed
};

struct SStatusReply {
  boost::endian::big_uint16_t status;
};

struct SStatReply {
  boost::endian::big_uint16_t status;
  uint8_t kind;                         // EFileKind
  boost::endian::big_uint64_t size;     // of a file
  boost::endian::big_int64_t modified;  // nanoseconds since 1970
};

struct SOpenReply {
  SStatReply stat;
  boost::endian::big_uint32_t handle;
  boost::endian::big_uint32_t window;  // bytes that a client may have asked for and not yet received
};

struct SListReply {
  boost::endian::big_uint16_t status;
  boost::endian::big_uint16_t count;  // of the entries that follow; 0: there are no more
};

// Its name follows, without a NUL.
struct SListEntry {
  uint8_t kind;  // EFileKind
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
  boost::endian::big_uint64_t hashed;  // bytes so far; the digests count once they are all
  boost::endian::big_uint64_t size;
  uint8_t sha256[32];
  uint8_t md5[16];
};

struct SPutReply {
  boost::endian::big_uint16_t status;
  boost::endian::big_uint32_t handle;
  boost::endian::big_uint64_t have;        // bytes that are there already: go on from here
  boost::endian::big_uint32_t chunkBytes;  // most bytes of a kWrite
};

struct SWriteReply {
  boost::endian::big_uint16_t status;
  boost::endian::big_uint64_t have;
};
#pragma pack(pop)

static_assert(sizeof(SGetBody) == 16 && sizeof(SHashBody) == 5 && sizeof(SPutBody) == 9 && sizeof(SWriteBody) == 12 &&
              sizeof(SCloseBody) == 5 && sizeof(SStatReply) == 19 && sizeof(SOpenReply) == 27 &&
              sizeof(SListEntry) == 18 && sizeof(SGetReply) == 10 && sizeof(SHashReply) == 66 &&
              sizeof(SPutReply) == 18 && sizeof(SWriteReply) == 10);

inline constexpr uint8_t kPutReplace = 1;  // a file of that name may be there, and is replaced
inline constexpr uint8_t kPutResume = 2;   // go on where the last upload of that path and size was broken off

inline constexpr uint32_t kTransferChunkBytes = 61440;   // of a file in one answer
inline constexpr uint32_t kTransferHashBytes = 1048576;  // hashed for one kHash
inline constexpr size_t kTransferPathBytes = 4095;

}  // namespace switchboard
