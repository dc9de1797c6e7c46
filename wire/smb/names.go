package smb

import (
	"strconv"

	"bulwark/wire"
	"bulwark/wire/ntlm"
)

// Command is what a message asks for or answers, by SMB2's numbers ([MS-SMB2] 2.2.1.2).
type Command uint16

// The commands.
const (
	Negotiate Command = iota
	SessionSetup
	Logoff
	TreeConnect
	TreeDisconnect
	Create
	Close
	Flush
	Read
	Write
	Lock
	IOControl
	Cancel
	Echo
	QueryDirectory
	ChangeNotify
	QueryInfo
	SetInfo
	OplockBreak
)

// String is the name EVE uses, which is older than the specification's.
func (c Command) String() string {
	switch c {
	case Negotiate:
		return "SMB2_COMMAND_NEGOTIATE_PROTOCOL"
	case SessionSetup:
		return "SMB2_COMMAND_SESSION_SETUP"
	case Logoff:
		return "SMB2_COMMAND_SESSION_LOGOFF"
	case TreeConnect:
		return "SMB2_COMMAND_TREE_CONNECT"
	case TreeDisconnect:
		return "SMB2_COMMAND_TREE_DISCONNECT"
	case Create:
		return "SMB2_COMMAND_CREATE"
	case Close:
		return "SMB2_COMMAND_CLOSE"
	case Flush:
		return "SMB2_COMMAND_FLUSH"
	case Read:
		return "SMB2_COMMAND_READ"
	case Write:
		return "SMB2_COMMAND_WRITE"
	case Lock:
		return "SMB2_COMMAND_LOCK"
	case IOControl:
		return "SMB2_COMMAND_IOCTL"
	case Cancel:
		return "SMB2_COMMAND_CANCEL"
	case Echo:
		return "SMB2_COMMAND_KEEPALIVE"
	case QueryDirectory:
		return "SMB2_COMMAND_FIND"
	case ChangeNotify:
		return "SMB2_COMMAND_CHANGE_NOTIFY"
	case QueryInfo:
		return "SMB2_COMMAND_GET_INFO"
	case SetInfo:
		return "SMB2_COMMAND_SET_INFO"
	case OplockBreak:
		return "SMB2_COMMAND_OPLOCK_BREAK"
	}
	return strconv.Itoa(int(c))
}

// Dialect is a version of the protocol ([MS-SMB2] 2.2.4). The zero value was not chosen.
type Dialect uint16

// The dialects.
const (
	SMB202      Dialect = 0x0202
	SMB210      Dialect = 0x0210
	SMB2Any     Dialect = 0x02ff // the answer to an SMB1 client that can SMB2: negotiate again
	SMB300      Dialect = 0x0300
	SMB302      Dialect = 0x0302
	SMB311      Dialect = 0x0311
	SMB1        Dialect = 0x0001 // our number: Negotiation.SMB1Dialect says which
	smb1Unknown         = "unknown"
)

// String is the name EVE uses.
func (d Dialect) String() string {
	switch d {
	case 0:
		return smb1Unknown
	case SMB1:
		return "NT LM 0.12"
	case SMB202:
		return "2.02"
	case SMB210:
		return "2.10"
	case 0x0222:
		return "2.22"
	case 0x0224:
		return "2.24"
	case SMB2Any:
		return "2.??"
	case SMB300:
		return "3.00"
	case SMB302:
		return "3.02"
	case 0x0310:
		return "3.10"
	case SMB311:
		return "3.11"
	}
	return strconv.Itoa(int(d))
}

// ShareType is what a tree holds ([MS-SMB2] 2.2.10). The zero value was not said.
type ShareType uint8

// The types of shares.
const (
	Disk  ShareType = 1
	Pipe  ShareType = 2
	Print ShareType = 3
)

// String is the name EVE uses.
func (t ShareType) String() string {
	switch t {
	case Disk:
		return "FILE"
	case Pipe:
		return "PIPE"
	case Print:
		return "PRINT"
	}
	return "UNKNOWN"
}

// Disposition is what CREATE does where the file is there or is not ([MS-SMB2] 2.2.13).
type Disposition uint32

// The dispositions.
const (
	Supersede Disposition = iota
	Open
	CreateNew
	OpenIf
	Overwrite
	OverwriteIf
)

func (d Disposition) String() string {
	switch d {
	case Supersede:
		return "FILE_SUPERSEDE"
	case Open:
		return "FILE_OPEN"
	case CreateNew:
		return "FILE_CREATE"
	case OpenIf:
		return "FILE_OPEN_IF"
	case Overwrite:
		return "FILE_OVERWRITE"
	case OverwriteIf:
		return "FILE_OVERWRITE_IF"
	}
	return "UNKNOWN"
}

// Action is what CREATE did ([MS-SMB2] 2.2.14).
type Action uint32

// The actions.
const (
	Superseded Action = iota
	Opened
	Created
	Overwritten
)

func (a Action) String() string {
	switch a {
	case Superseded:
		return "FILE_SUPERSEDED"
	case Opened:
		return "FILE_OPENED"
	case Created:
		return "FILE_CREATED"
	case Overwritten:
		return "FILE_OVERWRITTEN"
	}
	return "UNKNOWN"
}

// Access is the rights a client asks for ([MS-SMB2] 2.2.13.1).
type Access uint32

// The rights that are asked about here.
const (
	ReadData    Access = 0x00000001
	WriteData   Access = 0x00000002
	AppendData  Access = 0x00000004
	DeleteRight Access = 0x00010000
	WriteDAC    Access = 0x00040000
	WriteOwner  Access = 0x00080000
	AllRights   Access = 0x10000000
	WriteRights Access = 0x40000000
	ReadRights  Access = 0x80000000
)

// CanWrite says whether the content could be changed with a.
func (a Access) CanWrite() bool { return a&(WriteData|AppendData|AllRights|WriteRights) != 0 }

// CanRead says whether the content could be read with a.
func (a Access) CanRead() bool { return a&(ReadData|AllRights|ReadRights) != 0 }

// Control is the code of an IOCTL ([MS-SMB2] 2.2.31, [MS-FSCC] 2.3). The zero value is none.
type Control uint32

// PipeTransceive writes to a named pipe and reads the answer: a remote procedure call in one message.
const PipeTransceive Control = 0x0011c017

func (c Control) String() string {
	switch c {
	case PipeTransceive:
		return "FSCTL_PIPE_TRANSCEIVE"
	case 0x00110018:
		return "FSCTL_PIPE_WAIT"
	case 0x0011400c:
		return "FSCTL_PIPE_PEEK"
	case 0x00060194:
		return "FSCTL_DFS_GET_REFERRALS"
	case 0x000601b0:
		return "FSCTL_DFS_GET_REFERRALS_EX"
	case 0x00140078:
		return "FSCTL_SRV_REQUEST_RESUME_KEY"
	case 0x00144064:
		return "FSCTL_SRV_ENUMERATE_SNAPSHOTS"
	case 0x001440f2:
		return "FSCTL_SRV_COPYCHUNK"
	case 0x001480f2:
		return "FSCTL_SRV_COPYCHUNK_WRITE"
	case 0x001441bb:
		return "FSCTL_SRV_READ_HASH"
	case 0x001401d4:
		return "FSCTL_LMR_REQUEST_RESILIENCY"
	case 0x001401fc:
		return "FSCTL_QUERY_NETWORK_INTERFACE_INFO"
	case 0x00140204:
		return "FSCTL_VALIDATE_NEGOTIATE_INFO"
	case 0x000900a4:
		return "FSCTL_SET_REPARSE_POINT"
	case 0x000900a8:
		return "FSCTL_GET_REPARSE_POINT"
	case 0x000900c0:
		return "FSCTL_CREATE_OR_GET_OBJECT_ID"
	case 0x000900c4:
		return "FSCTL_SET_SPARSE"
	case 0x000980c8:
		return "FSCTL_SET_ZERO_DATA"
	case 0x00098208:
		return "FSCTL_FILE_LEVEL_TRIM"
	case 0x00098344:
		return "FSCTL_DUPLICATE_EXTENTS_TO_FILE"
	}
	return "0x" + strconv.FormatUint(uint64(c), 16)
}

// Cipher is how an encrypted conversation is encrypted ([MS-SMB2] 2.2.3.1.2). The zero value was not said.
type Cipher uint16

func (c Cipher) String() string {
	switch c {
	case 0:
		return "none"
	case 1:
		return "AES-128-CCM"
	case 2:
		return "AES-128-GCM"
	case 3:
		return "AES-256-CCM"
	case 4:
		return "AES-256-GCM"
	}
	return strconv.Itoa(int(c))
}

// Compression is how messages are compressed ([MS-SMB2] 2.2.3.1.3). The zero value is not at all.
type Compression uint16

func (c Compression) String() string {
	switch c {
	case 0:
		return "none"
	case 1:
		return "LZNT1"
	case 2:
		return "LZ77"
	case 3:
		return "LZ77+Huffman"
	case 4:
		return "Pattern_V1"
	}
	return strconv.Itoa(int(c))
}

// GUID names a client or a server machine ([MS-DTYP] 2.3.4). The zero value was not said.
type GUID [16]byte

// hexGroups appends the bytes of g in the order of at, 255 standing for a dash.
func hexGroups(dst []byte, g [16]byte, at []byte) []byte {
	const digits = "0123456789abcdef"
	for _, i := range at {
		if i == 255 {
			dst = append(dst, '-')
			continue
		}
		dst = append(dst, digits[g[i]>>4], digits[g[i]&15])
	}
	return dst
}

// Append appends the usual text of g ([MS-DTYP] 2.3.4.3) to dst.
func (g GUID) Append(dst []byte) []byte {
	return hexGroups(dst, g, []byte{3, 2, 1, 0, 255, 5, 4, 255, 7, 6, 255, 8, 9, 255, 10, 11, 12, 13, 14, 15})
}

func (g GUID) String() string { return string(g.Append(nil)) }

// AppendEVE appends the text of g as EVE writes it, which turns the last two groups around too.
func (g GUID) AppendEVE(dst []byte) []byte { return FileID(g).AppendEVE(dst) }

// FileID names an open file ([MS-SMB2] 2.2.14.1).
type FileID [16]byte

// related stands for the file of the request before, in a chain ([MS-SMB2] 3.3.5.2.7.2).
var related = FileID{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}

// AppendEVE appends the text of id as EVE's fuid writes it.
func (id FileID) AppendEVE(dst []byte) []byte {
	return hexGroups(dst, id, []byte{3, 2, 1, 0, 255, 5, 4, 255, 7, 6, 255, 9, 8, 255, 11, 10, 15, 14, 13, 12})
}

// PipeService says what is behind a well-known named pipe, "" where the name is not one. The case of name does not
// matter, nor whether it begins with a backslash or PIPE.
func PipeService(name []byte) string {
	var low [16]byte
	if len(name) > 0 && name[0] == '\\' {
		name = name[1:]
	}
	if len(name) > 5 && (name[0] == 'P' || name[0] == 'p') && name[4] == '\\' {
		name = name[5:]
	}
	if len(name) > len(low) {
		return ""
	}
	for i, b := range name {
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		low[i] = b
	}
	switch string(low[:len(name)]) {
	case "lsarpc", "lsass":
		return "local security authority"
	case "samr":
		return "accounts and groups"
	case "netlogon":
		return "domain sign-on"
	case "svcctl":
		return "service control"
	case "atsvc":
		return "task scheduler"
	case "srvsvc":
		return "shares and sessions"
	case "wkssvc":
		return "workstation"
	case "winreg":
		return "remote registry"
	case "eventlog":
		return "event log"
	case "spoolss":
		return "print spooler"
	case "epmapper":
		return "endpoint mapper"
	case "drsuapi":
		return "directory replication"
	case "efsrpc":
		return "encrypting file system"
	case "netdfs":
		return "distributed file system"
	case "fssagentrpc":
		return "shadow copy agent"
	case "initshutdown":
		return "remote shutdown"
	case "protected_storage":
		return "protected storage"
	case "browser":
		return "computer browser"
	case "ntsvcs", "plugplay":
		return "plug and play"
	case "trkwks":
		return "link tracking"
	case "w32time", "w32time_alt":
		return "time"
	case "tapsrv":
		return "telephony"
	case "keysvc":
		return "cryptographic services"
	case "msgsvc":
		return "messenger"
	case "cert":
		return "certificate enrolment"
	case "mssearch":
		return "search"
	case "tsvcpipe":
		return "terminal services"
	}
	return ""
}

// appendName appends UTF-16LE text as UTF-8 to dst, at most [MaxName] bytes of it as sent.
func appendName(s *wire.Space, dst, p []byte) []byte {
	p = p[:min(len(p), MaxName)]
	return ntlm.AppendUTF16(s.Grow(dst, len(p)/2), p)
}
