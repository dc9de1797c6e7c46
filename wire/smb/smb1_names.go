package smb

import "strconv"

// Code is a command of SMB 1 ([MS-CIFS] 2.2.2.1, [MS-SMB] 2.2.2.1).
type Code uint8

// The codes that are read.
const (
	codeCreateDirectory Code = 0x00
	codeDeleteDirectory Code = 0x01
	codeOpen            Code = 0x02
	codeCreate          Code = 0x03
	codeClose           Code = 0x04
	codeFlush           Code = 0x05
	codeDelete          Code = 0x06
	codeRename          Code = 0x07
	codeRead            Code = 0x0a
	codeWrite           Code = 0x0b
	codeCreateTemporary Code = 0x0e
	codeCreateNew       Code = 0x0f
	codeLockAndRead     Code = 0x13
	codeWriteAndUnlock  Code = 0x14
	codeLockingX        Code = 0x24
	codeTrans           Code = 0x25
	codeTransMore       Code = 0x26
	codeEcho            Code = 0x2b
	codeWriteAndClose   Code = 0x2c
	codeOpenX           Code = 0x2d
	codeReadX           Code = 0x2e
	codeWriteX          Code = 0x2f
	codeTrans2          Code = 0x32
	codeTrans2More      Code = 0x33
	codeTreeConnect     Code = 0x70
	codeTreeDisconnect  Code = 0x71
	codeNegotiate       Code = 0x72
	codeSessionX        Code = 0x73
	codeLogoffX         Code = 0x74
	codeTreeConnectX    Code = 0x75
	codeNTTrans         Code = 0xa0
	codeNTTransMore     Code = 0xa1
	codeNTCreateX       Code = 0xa2
	codeNTCancel        Code = 0xa4
	codeNTRename        Code = 0xa5
	codeNone            Code = 0xff
)

// String is the name EVE uses; a number where it is none of those in use.
func (c Code) String() string {
	if name := codeName(c); name != "" {
		return name
	}
	return strconv.Itoa(int(c))
}

func codeName(c Code) string {
	switch c {
	case codeCreateDirectory:
		return "SMB1_COMMAND_CREATE_DIRECTORY"
	case codeDeleteDirectory:
		return "SMB1_COMMAND_DELETE_DIRECTORY"
	case codeOpen:
		return "SMB1_COMMAND_OPEN"
	case codeCreate:
		return "SMB1_COMMAND_CREATE"
	case codeClose:
		return "SMB1_COMMAND_CLOSE"
	case codeFlush:
		return "SMB1_COMMAND_FLUSH"
	case codeDelete:
		return "SMB1_COMMAND_DELETE"
	case codeRename:
		return "SMB1_COMMAND_RENAME"
	case 0x08:
		return "SMB1_COMMAND_QUERY_INFORMATION"
	case 0x09:
		return "SMB1_COMMAND_SET_INFORMATION"
	case codeRead:
		return "SMB1_COMMAND_READ"
	case codeWrite:
		return "SMB1_COMMAND_WRITE"
	case 0x0c:
		return "SMB1_COMMAND_LOCK_BYTE_RANGE"
	case 0x0d:
		return "SMB1_COMMAND_UNLOCK_BYTE_RANGE"
	case codeCreateTemporary:
		return "SMB1_COMMAND_CREATE_TEMPORARY"
	case codeCreateNew:
		return "SMB1_COMMAND_CREATE_NEW"
	case 0x10:
		return "SMB1_COMMAND_CHECK_DIRECTORY"
	case 0x11:
		return "SMB1_COMMAND_PROCESS_EXIT"
	case 0x12:
		return "SMB1_COMMAND_SEEK"
	case codeLockAndRead:
		return "SMB1_COMMAND_LOCK_AND_READ"
	case codeWriteAndUnlock:
		return "SMB1_COMMAND_WRITE_AND_UNLOCK"
	case codeLockingX:
		return "SMB1_COMMAND_LOCKING_ANDX"
	case codeTrans:
		return "SMB1_COMMAND_TRANS"
	case codeEcho:
		return "SMB1_COMMAND_ECHO"
	case codeWriteAndClose:
		return "SMB1_COMMAND_WRITE_AND_CLOSE"
	case codeOpenX:
		return "SMB1_COMMAND_OPEN_ANDX"
	case codeReadX:
		return "SMB1_COMMAND_READ_ANDX"
	case codeWriteX:
		return "SMB1_COMMAND_WRITE_ANDX"
	case codeTrans2:
		return "SMB1_COMMAND_TRANS2"
	case codeTrans2More:
		return "SMB1_COMMAND_TRANS2_SECONDARY"
	case 0x34:
		return "SMB1_COMMAND_FIND_CLOSE2"
	case codeTreeDisconnect:
		return "SMB1_COMMAND_TREE_DISCONNECT"
	case codeNegotiate:
		return "SMB1_COMMAND_NEGOTIATE_PROTOCOL"
	case codeSessionX:
		return "SMB1_COMMAND_SESSION_SETUP_ANDX"
	case codeLogoffX:
		return "SMB1_COMMAND_LOGOFF_ANDX"
	case codeTreeConnectX:
		return "SMB1_COMMAND_TREE_CONNECT_ANDX"
	case 0x80:
		return "SMB1_COMMAND_QUERY_INFO_DISK"
	case codeNTTrans:
		return "SMB1_COMMAND_NT_TRANS"
	case codeNTTransMore:
		return "SMB1_COMMAND_NT_TRANS_SECONDARY"
	case codeNTCreateX:
		return "SMB1_COMMAND_NT_CREATE_ANDX"
	case codeNTCancel:
		return "SMB1_COMMAND_NT_CANCEL"
	}
	return ""
}

// Bulk says whether c is one of the commands of which a conversation is full: they read and write, and are told of by
// what they amount to.
func (c Code) Bulk() bool {
	return c == codeReadX || c == codeWriteX || c == codeTrans || c == codeTrans2
}

// command is what c amounts to, by SMB 2's numbers. What SMB 2 has no like of is a FLUSH here: a file may be named, and
// nothing comes of it.
func (c Code) command() Command {
	switch c {
	case codeNegotiate:
		return Negotiate
	case codeSessionX:
		return SessionSetup
	case codeLogoffX:
		return Logoff
	case codeTreeConnect, codeTreeConnectX:
		return TreeConnect
	case codeTreeDisconnect:
		return TreeDisconnect
	case codeOpen, codeCreate, codeCreateNew, codeCreateTemporary, codeOpenX, codeNTCreateX:
		return Create
	case codeClose:
		return Close
	case codeRead, codeReadX, codeLockAndRead:
		return Read
	case codeWrite, codeWriteX, codeWriteAndUnlock, codeWriteAndClose:
		return Write
	case codeTrans:
		return IOControl
	case codeTrans2, codeDelete, codeRename, codeNTRename, codeCreateDirectory, codeDeleteDirectory:
		return SetInfo
	case codeEcho:
		return Echo
	case codeLockingX:
		return Lock
	}
	return Flush
}

// chains says whether another command may stand behind c in a message ([MS-CIFS] 2.2.3.4).
func (c Code) chains() bool {
	switch c {
	case codeLockingX, codeOpenX, codeReadX, codeWriteX, codeSessionX, codeLogoffX, codeTreeConnectX, codeNTCreateX:
		return true
	}
	return false
}

// noAnswer says whether no answer comes to c as such: it goes on with, or takes back, what was asked before.
func (c Code) noAnswer() bool {
	switch c {
	case codeTransMore, codeTrans2More, codeNTTransMore, codeNTCancel:
		return true
	}
	return false
}

// dosStatus is the Status of an error class and code ([MS-CIFS] 2.2.2.4), which servers without NTSTATUS send. It
// stands where [MS-ERREF] leaves room for customers' own errors.
func dosStatus(class byte, code uint16) Status {
	const dosMoreData = 234 // ERRDOS/ERRmoredata
	switch {
	case class == 0 && code == 0:
		return Success
	case class == 1 && code == dosMoreData:
		return BufferOverflow
	}
	return Status(0xf1000000 | uint32(class)<<16 | uint32(code))
}

// DOS says whether s came as an error class and code, and gives these.
func (s Status) DOS() (class byte, code uint16, ok bool) {
	return byte(s >> 16), uint16(s), s>>24 == 0xf1
}

// dosName is the name EVE uses: the class, and the error where it is one of those that EVE names.
func dosName(class byte, code uint16) string {
	switch class {
	case 1:
		switch code {
		case 1:
			return "DOS_BAD_FUNC"
		case 2:
			return "DOS_BAD_FILE"
		case 3:
			return "DOS_BAD_PATH"
		case 4:
			return "DOS_TOO_MANY_OPEN_FILES"
		case 5:
			return "DOS_ACCESS_DENIED"
		}
		return strconv.Itoa(int(code))
	case 2:
		switch code {
		case 1:
			return "SRV_ERROR"
		case 2:
			return "SRV_BADPW"
		case 3:
			return "SRV_BADTYPE"
		case 4:
			return "SRV_ACCESS"
		case 91:
			return "SRV_BADUID"
		}
		return strconv.Itoa(int(code))
	}
	const hex = "0123456789abcdef"
	return string([]byte{'U', 'N', 'K', 'N', 'O', 'W', 'N', '_', hex[class>>4], hex[class&15], '_',
		hex[code>>12], hex[code>>8&15], hex[code>>4&15], hex[code&15]})
}
