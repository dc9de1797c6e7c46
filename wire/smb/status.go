package smb

import "strconv"

// Status is an NTSTATUS ([MS-ERREF] 2.3): what became of a request.
type Status uint32

// The statuses that are asked about here.
const (
	Success        Status = 0x00000000
	Pending        Status = 0x00000103 // an answer will come
	BufferOverflow Status = 0x80000005 // there is more
	MoreProcessing Status = 0xc0000016 // a sign-on goes on
	LogonFailure   Status = 0xc000006d
	EndOfFile      Status = 0xc0000011
)

// Failed says whether s is an error; warnings and news are not ([MS-ERREF] 2.3: the highest two bits).
func (s Status) Failed() bool { return s>>30 == 3 }

// String is the name in [MS-ERREF] 2.3.1, or the number in hexadecimal where it is not one that SMB servers send.
func (s Status) String() string {
	if class, code, ok := s.DOS(); ok {
		return dosName(class, code)
	}
	if name := s.name(); name != "" {
		return name
	}
	return "0x" + strconv.FormatUint(uint64(s), 16)
}

func (s Status) name() string {
	if s.Failed() {
		return s.failure()
	}
	switch s {
	case 0x00000000:
		return "STATUS_SUCCESS"
	case 0x00000103:
		return "STATUS_PENDING"
	case 0x00000104:
		return "STATUS_REPARSE"
	case 0x00000105:
		return "STATUS_MORE_ENTRIES"
	case 0x00000107:
		return "STATUS_SOME_NOT_MAPPED"
	case 0x0000010b:
		return "STATUS_NOTIFY_CLEANUP"
	case 0x0000010c:
		return "STATUS_NOTIFY_ENUM_DIR"
	case 0x80000005:
		return "STATUS_BUFFER_OVERFLOW"
	case 0x80000006:
		return "STATUS_NO_MORE_FILES"
	case 0x8000000d:
		return "STATUS_PARTIAL_COPY"
	case 0x80000013:
		return "STATUS_INVALID_EA_NAME"
	case 0x80000014:
		return "STATUS_EA_LIST_INCONSISTENT"
	case 0x8000001a:
		return "STATUS_NO_MORE_ENTRIES"
	case 0x8000002d:
		return "STATUS_STOPPED_ON_SYMLINK"
	}
	return ""
}

func (s Status) failure() string {
	switch s {
	case 0xc0000001:
		return "STATUS_UNSUCCESSFUL"
	case 0xc0000002:
		return "STATUS_NOT_IMPLEMENTED"
	case 0xc0000003:
		return "STATUS_INVALID_INFO_CLASS"
	case 0xc0000004:
		return "STATUS_INFO_LENGTH_MISMATCH"
	case 0xc0000005:
		return "STATUS_ACCESS_VIOLATION"
	case 0xc0000008:
		return "STATUS_INVALID_HANDLE"
	case 0xc000000b:
		return "STATUS_INVALID_CID"
	case 0xc000000d:
		return "STATUS_INVALID_PARAMETER"
	case 0xc000000e:
		return "STATUS_NO_SUCH_DEVICE"
	case 0xc000000f:
		return "STATUS_NO_SUCH_FILE"
	case 0xc0000010:
		return "STATUS_INVALID_DEVICE_REQUEST"
	case 0xc0000011:
		return "STATUS_END_OF_FILE"
	case 0xc0000013:
		return "STATUS_NO_MEDIA_IN_DEVICE"
	case 0xc0000016:
		return "STATUS_MORE_PROCESSING_REQUIRED"
	case 0xc0000017:
		return "STATUS_NO_MEMORY"
	case 0xc000001e:
		return "STATUS_INVALID_LOCK_SEQUENCE"
	case 0xc0000021:
		return "STATUS_ALREADY_COMMITTED"
	case 0xc0000022:
		return "STATUS_ACCESS_DENIED"
	case 0xc0000023:
		return "STATUS_BUFFER_TOO_SMALL"
	case 0xc0000024:
		return "STATUS_OBJECT_TYPE_MISMATCH"
	case 0xc0000033:
		return "STATUS_OBJECT_NAME_INVALID"
	case 0xc0000034:
		return "STATUS_OBJECT_NAME_NOT_FOUND"
	case 0xc0000035:
		return "STATUS_OBJECT_NAME_COLLISION"
	case 0xc0000037:
		return "STATUS_PORT_DISCONNECTED"
	case 0xc0000039:
		return "STATUS_OBJECT_PATH_INVALID"
	case 0xc000003a:
		return "STATUS_OBJECT_PATH_NOT_FOUND"
	case 0xc000003b:
		return "STATUS_OBJECT_PATH_SYNTAX_BAD"
	case 0xc000003e:
		return "STATUS_DATA_ERROR"
	case 0xc000003f:
		return "STATUS_CRC_ERROR"
	case 0xc0000043:
		return "STATUS_SHARING_VIOLATION"
	case 0xc0000044:
		return "STATUS_QUOTA_EXCEEDED"
	case 0xc000004f:
		return "STATUS_EAS_NOT_SUPPORTED"
	case 0xc0000051:
		return "STATUS_NONEXISTENT_EA_ENTRY"
	case 0xc0000054:
		return "STATUS_FILE_LOCK_CONFLICT"
	case 0xc0000055:
		return "STATUS_LOCK_NOT_GRANTED"
	case 0xc0000056:
		return "STATUS_DELETE_PENDING"
	case 0xc0000061:
		return "STATUS_PRIVILEGE_NOT_HELD"
	}
	return s.signOn()
}

// signOn names what goes wrong when somebody signs on, and what comes after it in the list.
func (s Status) signOn() string {
	switch s {
	case 0xc000005e:
		return "STATUS_NO_LOGON_SERVERS"
	case 0xc0000064:
		return "STATUS_NO_SUCH_USER"
	case 0xc000006a:
		return "STATUS_WRONG_PASSWORD"
	case 0xc000006c:
		return "STATUS_PASSWORD_RESTRICTION"
	case 0xc000006d:
		return "STATUS_LOGON_FAILURE"
	case 0xc000006e:
		return "STATUS_ACCOUNT_RESTRICTION"
	case 0xc000006f:
		return "STATUS_INVALID_LOGON_HOURS"
	case 0xc0000070:
		return "STATUS_INVALID_WORKSTATION"
	case 0xc0000071:
		return "STATUS_PASSWORD_EXPIRED"
	case 0xc0000072:
		return "STATUS_ACCOUNT_DISABLED"
	case 0xc0000073:
		return "STATUS_NONE_MAPPED"
	case 0xc000007e:
		return "STATUS_RANGE_NOT_LOCKED"
	case 0xc000007f:
		return "STATUS_DISK_FULL"
	case 0xc000009a:
		return "STATUS_INSUFFICIENT_RESOURCES"
	case 0xc000009c:
		return "STATUS_DEVICE_DATA_ERROR"
	case 0xc00000a2:
		return "STATUS_MEDIA_WRITE_PROTECTED"
	case 0xc00000ac:
		return "STATUS_PIPE_NOT_AVAILABLE"
	case 0xc00000ad:
		return "STATUS_INVALID_PIPE_STATE"
	case 0xc00000ae:
		return "STATUS_PIPE_BUSY"
	case 0xc00000b0:
		return "STATUS_PIPE_DISCONNECTED"
	case 0xc00000b1:
		return "STATUS_PIPE_CLOSING"
	case 0xc00000b5:
		return "STATUS_IO_TIMEOUT"
	case 0xc00000ba:
		return "STATUS_FILE_IS_A_DIRECTORY"
	case 0xc00000bb:
		return "STATUS_NOT_SUPPORTED"
	case 0xc00000be:
		return "STATUS_BAD_NETWORK_PATH"
	case 0xc00000c9:
		return "STATUS_NETWORK_NAME_DELETED"
	case 0xc00000ca:
		return "STATUS_NETWORK_ACCESS_DENIED"
	case 0xc00000cc:
		return "STATUS_BAD_NETWORK_NAME"
	case 0xc00000d0:
		return "STATUS_REQUEST_NOT_ACCEPTED"
	case 0xc00000d4:
		return "STATUS_NOT_SAME_DEVICE"
	case 0xc00000df:
		return "STATUS_NO_SUCH_DOMAIN"
	case 0xc00000e3:
		return "STATUS_INVALID_OPLOCK_PROTOCOL"
	case 0xc00000e5:
		return "STATUS_INTERNAL_ERROR"
	}
	return s.later()
}

// later names the end of the list.
func (s Status) later() string {
	switch s {
	case 0xc0000101:
		return "STATUS_DIRECTORY_NOT_EMPTY"
	case 0xc0000103:
		return "STATUS_NOT_A_DIRECTORY"
	case 0xc0000106:
		return "STATUS_NAME_TOO_LONG"
	case 0xc000010a:
		return "STATUS_PROCESS_IS_TERMINATING"
	case 0xc000011f:
		return "STATUS_TOO_MANY_OPENED_FILES"
	case 0xc0000120:
		return "STATUS_CANCELLED"
	case 0xc0000121:
		return "STATUS_CANNOT_DELETE"
	case 0xc0000123:
		return "STATUS_FILE_DELETED"
	case 0xc0000128:
		return "STATUS_FILE_CLOSED"
	case 0xc000014b:
		return "STATUS_PIPE_BROKEN"
	case 0xc000015b:
		return "STATUS_LOGON_TYPE_NOT_GRANTED"
	case 0xc000018b:
		return "STATUS_NO_TRUST_SAM_ACCOUNT"
	case 0xc000018c:
		return "STATUS_TRUSTED_DOMAIN_FAILURE"
	case 0xc000018d:
		return "STATUS_TRUSTED_RELATIONSHIP_FAILURE"
	case 0xc0000192:
		return "STATUS_NETLOGON_NOT_STARTED"
	case 0xc0000193:
		return "STATUS_ACCOUNT_EXPIRED"
	case 0xc0000201:
		return "STATUS_NETWORK_OPEN_RESTRICTION"
	case 0xc0000203:
		return "STATUS_USER_SESSION_DELETED"
	case 0xc0000205:
		return "STATUS_INSUFF_SERVER_RESOURCES"
	case 0xc000020c:
		return "STATUS_CONNECTION_DISCONNECTED"
	case 0xc000020d:
		return "STATUS_CONNECTION_RESET"
	case 0xc0000224:
		return "STATUS_PASSWORD_MUST_CHANGE"
	case 0xc0000225:
		return "STATUS_NOT_FOUND"
	case 0xc0000234:
		return "STATUS_ACCOUNT_LOCKED_OUT"
	case 0xc0000236:
		return "STATUS_CONNECTION_REFUSED"
	case 0xc0000257:
		return "STATUS_PATH_NOT_COVERED"
	case 0xc0000275:
		return "STATUS_NOT_A_REPARSE_POINT"
	case 0xc00002ea:
		return "STATUS_CANNOT_MAKE"
	case 0xc0000388:
		return "STATUS_DOWNGRADE_DETECTED"
	case 0xc000035c:
		return "STATUS_NETWORK_SESSION_EXPIRED"
	case 0xc0000413:
		return "STATUS_AUTHENTICATION_FIREWALL_FAILED"
	case 0xc0000466:
		return "STATUS_SERVER_UNAVAILABLE"
	case 0xc0000467:
		return "STATUS_FILE_NOT_AVAILABLE"
	case 0xc05d0000:
		return "STATUS_SMB_NO_PREAUTH_INTEGRITY_HASH_OVERLAP"
	}
	return ""
}
