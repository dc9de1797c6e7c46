package inspect

// Names of what is shown besides records ([More]), as rules name it.
const (
	DCEInterface = "dcerpc.iface"     // UUID as it is read out, and two bytes of the major version
	DCEOperation = "dcerpc.opnum"     // two bytes
	DCEStub      = "dcerpc.stub_data" // arguments or results, of all fragments
)

// CIPService is the service of a request or reply of EtherNet/IP: its number, 1 for a reply, and the segments of its path,
// each of a byte that says what it is and four of its value.
const CIPService = "cip_service"

// Modbus is a request: at these places stands what it says, behind them the data that it writes.
const (
	Modbus = "modbus"

	ModbusUnit = iota - 1
	ModbusFunction
	ModbusAccess    // what it does to what, as bits: 1 read, 2 write, 4 discretes, 8 coils, 16 input, 32 holding
	ModbusCategory  // as bits: see below
	ModbusAddressed // 1: address and quantity are there
	ModbusSub       // two bytes, as those that follow
	_
	ModbusAddress
	_
	ModbusQuantity
	_
	ModbusHead // bytes of all these
)

// How a function of Modbus was given out.
const (
	ModbusAssigned = 1 << iota
	ModbusUnassigned
	ModbusUser
	ModbusReserved
)

// The handshake of TLS.
const (
	TLSState     = "ssl_state"          // a byte: bits of what was seen
	TLSNotBefore = "tls.cert_notbefore" // three times of eight bytes, unix seconds: from when, until when, now
	TLSNotAfter  = "tls.cert_notafter"  // the same

	TLSClientHello = 1
	TLSServerHello = 2
	TLSClientKey   = 4
	TLSServerKey   = 8
)

// NFSProcedure is the procedure of a call of NFS: four bytes of its number, and its name.
const NFSProcedure = "nfs_procedure"
