package nfs

import "strconv"

// Flavor is how a call says who asks (RFC 5531 §8.2).
type Flavor uint32

// The flavors that are read.
const (
	AuthSys Flavor = 1
	AuthGSS Flavor = 6
)

// String is the name EVE uses.
func (f Flavor) String() string {
	switch f {
	case 0:
		return "NULL"
	case AuthSys:
		return "UNIX"
	case 2:
		return "SHORT"
	case 3:
		return "DH"
	case 4:
		return "KERB"
	case 5:
		return "RSA"
	case AuthGSS:
		return "GSS"
	}
	return strconv.FormatUint(uint64(f), 10)
}

// GSSProcedure is what a call does with its security context (RFC 2203 §5.2).
type GSSProcedure uint32

// The procedures: data is what is protected, the others make and end the context.
const (
	GSSData GSSProcedure = iota
	GSSInit
	GSSContinue
	GSSDestroy
)

// GSSService is how arguments and results are protected (RFC 2203 §5.2).
type GSSService uint32

// The services.
const (
	GSSNone GSSService = iota + 1
	GSSIntegrity
	GSSPrivacy
)

func (s GSSService) String() string {
	switch s {
	case GSSNone:
		return "none"
	case GSSIntegrity:
		return "integrity"
	case GSSPrivacy:
		return "privacy"
	}
	return ""
}

// ProgramName is the usual name of a program; its number where it is not known here.
func ProgramName(program uint32) string {
	switch program {
	case PortMapper:
		return "portmap"
	case NFS:
		return "nfs"
	case Mount:
		return "mount"
	case LockManager:
		return "nlockmgr"
	case Status:
		return "status"
	case ACL:
		return "nfs_acl"
	}
	return strconv.FormatUint(uint64(program), 10)
}

var (
	names2 = [...]string{"NULL", "GETATTR", "SETATTR", "ROOT", "LOOKUP", "READLINK", "READ", "WRITECACHE", "WRITE", "CREATE", "REMOVE",
		"RENAME", "LINK", "SYMLINK", "MKDIR", "RMDIR", "READDIR", "STATFS"}
	names3 = [...]string{"NULL", "GETATTR", "SETATTR", "LOOKUP", "ACCESS", "READLINK", "READ", "WRITE", "CREATE", "MKDIR", "SYMLINK",
		"MKNOD", "REMOVE", "RMDIR", "RENAME", "LINK", "READDIR", "READDIRPLUS", "FSSTAT", "FSINFO", "PATHCONF", "COMMIT"}
	names4 = [...]string{0: "NULL", 1: "COMPOUND", 3: "ACCESS", "CLOSE", "COMMIT", "CREATE", "DELEGPURGE", "DELEGRETURN", "GETATTR", "GETFH",
		"LINK", "LOCK", "LOCKT", "LOCKU", "LOOKUP", "LOOKUPP", "NVERIFY", "OPEN", "OPENATTR", "OPEN_CONFIRM", "OPEN_DOWNGRADE", "PUTFH",
		"PUTPUBFH", "PUTROOTFH", "READ", "READDIR", "READLINK", "REMOVE", "RENAME", "RENEW", "RESTOREFH", "SAVEFH", "SECINFO", "SETATTR",
		"SETCLIENTID", "SETCLIENTID_CONFIRM", "VERIFY", "WRITE", "RELEASE_LOCKOWNER", "BACKCHANNEL_CTL", "BIND_CONN_TO_SESSION", "EXCHANGE_ID",
		"CREATE_SESSION", "DESTROY_SESSION", "FREE_STATEID", "GET_DIR_DELEGATION", "GETDEVICEINFO", "GETDEVICELIST", "LAYOUTCOMMIT",
		"LAYOUTGET", "LAYOUTRETURN", "SECINFO_NO_NAME", "SEQUENCE", "SET_SSV", "TEST_STATEID", "WANT_DELEGATION", "DESTROY_CLIENTID",
		"RECLAIM_COMPLETE", "ALLOCATE", "COPY", "COPY_NOTIFY", "DEALLOCATE", "IO_ADVISE", "LAYOUTERROR", "LAYOUTSTATS", "OFFLOAD_CANCEL",
		"OFFLOAD_STATUS", "READ_PLUS", "SEEK", "WRITE_SAME", "CLONE"}
	namesMount = [...]string{"NULL", "MNT", "DUMP", "UMNT", "UMNTALL", "EXPORT"}
	namesPort2 = [...]string{"NULL", "SET", "UNSET", "GETPORT", "DUMP", "CALLIT"}
	namesPort3 = [...]string{"NULL", "SET", "UNSET", "GETADDR", "DUMP", "BCAST", "GETTIME", "UADDR2TADDR", "TADDR2UADDR", "GETVERSADDR",
		"INDIRECT", "GETADDRLIST", "GETSTAT"}
)

// ProcedureName is the name of a procedure, in version 4 of an operation; its number where it has none.
func ProcedureName(program, version, procedure uint32) string {
	var names []string
	switch {
	case program == NFS && version == 2:
		names = names2[:]
	case program == NFS && version == 3:
		names = names3[:]
	case program == NFS && version == 4:
		names = names4[:]
	case program == Mount:
		names = namesMount[:]
	case program == PortMapper && version == 2:
		names = namesPort2[:]
	case program == PortMapper:
		names = namesPort3[:]
	}
	if procedure < uint32(len(names)) && names[procedure] != "" {
		return names[procedure]
	}
	return strconv.FormatUint(uint64(procedure), 10)
}

// StatusName is the name of a procedure's status as EVE writes it (RFC 1813 §2.6, RFC 8881 §15.1); its number where it
// has none.
func StatusName(status uint32) string {
	switch status {
	case 0:
		return "OK"
	case 1:
		return "ERR_PERM"
	case 2:
		return "ERR_NOENT"
	case 5:
		return "ERR_IO"
	case 6:
		return "ERR_NXIO"
	case 13:
		return "ERR_ACCES"
	case 17:
		return "ERR_EXIST"
	case 18:
		return "ERR_XDEV"
	case 19:
		return "ERR_NODEV"
	case 20:
		return "ERR_NOTDIR"
	case 21:
		return "ERR_ISDIR"
	case 22:
		return "ERR_INVAL"
	case 27:
		return "ERR_FBIG"
	case 28:
		return "ERR_NOSPC"
	case 30:
		return "ERR_ROFS"
	case 31:
		return "ERR_MLINK"
	case 63:
		return "ERR_NAMETOOLONG"
	case 66:
		return "ERR_NOTEMPTY"
	case 69:
		return "ERR_DQUOT"
	case 70:
		return "ERR_STALE"
	case 71:
		return "ERR_REMOTE"
	}
	return statusName(status)
}

// statusName names the statuses from 10001 on.
func statusName(status uint32) string {
	switch status {
	case 10001:
		return "ERR_BADHANDLE"
	case 10002:
		return "ERR_NOT_SYNC"
	case 10003:
		return "ERR_BAD_COOKIE"
	case 10004:
		return "ERR_NOTSUPP"
	case 10005:
		return "ERR_TOOSMALL"
	case 10006:
		return "ERR_SERVERFAULT"
	case 10007:
		return "ERR_BADTYPE"
	case 10008:
		return "ERR_JUKEBOX"
	case 10010:
		return "ERR_DENIED"
	case 10011:
		return "ERR_EXPIRED"
	case 10012:
		return "ERR_LOCKED"
	case 10013:
		return "ERR_GRACE"
	case 10014:
		return "ERR_FHEXPIRED"
	case 10015:
		return "ERR_SHARE_DENIED"
	case 10016:
		return "ERR_WRONGSEC"
	case 10018:
		return "ERR_RESOURCE"
	case 10020:
		return "ERR_NOFILEHANDLE"
	case 10021:
		return "ERR_MINOR_VERS_MISMATCH"
	case 10022:
		return "ERR_STALE_CLIENTID"
	case 10023:
		return "ERR_STALE_STATEID"
	case 10024:
		return "ERR_OLD_STATEID"
	case 10025:
		return "ERR_BAD_STATEID"
	case 10052:
		return "ERR_BADSESSION"
	}
	return strconv.FormatUint(uint64(status), 10)
}
