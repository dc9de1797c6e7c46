package event

// NFS is one call of a network file system of Unix or of the programs beside it, or one file that was read or written.
type NFS struct {
	Program        string // nfs, mount or portmap
	Version        uint64 // of the program
	Minor          uint64 // of version 4
	Procedure      string // LOOKUP, REMOVE, MNT, GETPORT...; of a file READ or WRITE
	Operation      string // OCSF 1001 activity_name: Create, Delete, Rename, Read, Update...
	File           string // name in its folder, patient identifiers replaced
	Folder         string // folders above it, as far as they are known
	NewName        string // what the file was renamed or linked to
	Path           string // path of a mount
	Status         string // OK, ERR_ACCES...
	StatusCode     uint64 // of the procedure
	RPCStatus      string // ACCEPTED or DENIED
	XID            uint64 // transaction number of the call, of a file that of the first
	LastXID        uint64 // of a file: that of the last
	AuthType       string // UNIX: as the client claims; GSS: by Kerberos; NULL: nobody
	Machine        string // name of the client's machine, by its own word
	UID            uint64 // number of the user, by the client's word
	GID            uint64 // number of the user's group, by the client's word
	Protection     string // of GSS: none, integrity or privacy
	Principal      string // service of the Kerberos ticket
	Realm          string // realm of that ticket
	HandleHash     string // CRC-32 of the file's handle, hexadecimal
	BytesRead      uint64 // bytes read of the file
	BytesWritten   uint64 // bytes written to the file
	Size           uint64 // bytes of the file, as the server says
	Chunks         uint64 // calls it took to read or write the file
	Last           bool   // the end of the file was seen
	Target         string // program that the port mapper is asked for
	Port           uint64 // port where it is
	Software       string // what the client says that it runs
	ServerSoftware string // what the server says that it runs
	TxID           uint64 // place of the call in its connection, from 1; when EVE is written
}

func (*NFS) Kind() Kind { return KindNFS }
func (p *NFS) fields(c *coder) {
	c.str(1, "nfs.program", &p.Program)
	c.num(2, "nfs.version", &p.Version)
	c.num(3, "nfs.minor_version", &p.Minor)
	c.str(4, "nfs.procedure", &p.Procedure)
	c.str(5, "activity_name", &p.Operation)
	c.str(6, "file.name", &p.File)
	c.str(7, "file.parent_folder", &p.Folder)
	c.str(8, "file.new_name", &p.NewName)
	c.str(9, "file.path", &p.Path)
	c.str(10, "status_detail", &p.Status)
	c.zero(11, "status_code", &p.StatusCode)
	c.str(12, "rpc.status", &p.RPCStatus)
	c.num(13, "rpc.transaction_uid", &p.XID)
	c.num(14, "rpc.last_transaction_uid", &p.LastXID)
	c.str(15, "auth_protocol", &p.AuthType)
	c.str(16, "src_endpoint.hostname", &p.Machine)
	c.zero(17, "actor.user.uid", &p.UID)
	c.zero(18, "actor.user.group_uid", &p.GID)
	c.str(19, "rpc.protection", &p.Protection)
	c.str(20, "service.name", &p.Principal)
	c.str(21, "service.realm", &p.Realm)
	c.str(22, "nfs.handle_hash", &p.HandleHash)
	c.num(23, "nfs.bytes_read", &p.BytesRead)
	c.num(24, "nfs.bytes_written", &p.BytesWritten)
	c.num(25, "file.size", &p.Size)
	c.num(26, "nfs.chunks", &p.Chunks)
	c.truth(27, "nfs.is_complete", &p.Last)
	c.str(28, "rpc.target", &p.Target)
	c.num(29, "rpc.target_port", &p.Port)
	c.str(30, "src_endpoint.os.name", &p.Software)
	c.str(31, "dst_endpoint.os.name", &p.ServerSoftware)
	c.num(32, "nfs.transaction_uid", &p.TxID)
}
