package inspect

// Names of what is shown besides records ([More]), as rules name it.
const (
	DCEInterface = "dcerpc.iface"     // UUID as it is read out, and two bytes of the major version
	DCEOperation = "dcerpc.opnum"     // two bytes
	DCEStub      = "dcerpc.stub_data" // arguments or results, of all fragments
)
