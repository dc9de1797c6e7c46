package dcerpc

import (
	"strconv"
	"strings"
)

// Interface is one that is known here.
type Interface struct {
	uuid string
	// Name is the short name by which it is known.
	Name string
	// What it is for.
	What string
	// operations are their names in the order of their numbers. A number among them is that of the next.
	operations string
}

// Lookup is the interface of a UUID; nil for one that is not known here.
func Lookup(u UUID) *Interface {
	var buf [36]byte
	text := u.Append(buf[:0])
	low, high := 0, len(interfaces)
	for low < high {
		middle := (low + high) / 2
		if interfaces[middle].uuid < string(text) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	if low == len(interfaces) || interfaces[low].uuid != string(text) {
		return nil
	}
	return &interfaces[low]
}

// Operation is the name of an operation; empty for one that is not known here, or by a nil Interface.
func (i *Interface) Operation(op uint16) string {
	if i == nil {
		return ""
	}
	n := 0
	for name := range strings.FieldsSeq(i.operations) {
		if '0' <= name[0] && name[0] <= '9' {
			n, _ = strconv.Atoi(name) // the tables are tested
			continue
		}
		if n == int(op) {
			if name == "-" {
				return ""
			}
			return name
		}
		n++
	}
	return ""
}

// interfaces are in the order of their UUIDs. Their operations are those that Microsoft's open specifications (the
// name in brackets, appendix A: Full IDL) and [C706] give, under the names that Wireshark and Zeek made known: svcctl's
// without the R before them, drsuapi's without IDL_.
var interfaces = [...]Interface{
	{"00000131-0000-0000-c000-000000000046", "IRemUnknown", "DCOM: references", "3 RemQueryInterface RemAddRef RemRelease"},                     // [MS-DCOM]
	{"00000143-0000-0000-c000-000000000046", "IRemUnknown2", "DCOM: references", "3 RemQueryInterface RemAddRef RemRelease RemQueryInterface2"}, // [MS-DCOM]
	{"000001a0-0000-0000-c000-000000000046", "IRemoteSCMActivator", "DCOM: activation", "3 RemoteGetClassObject RemoteCreateInstance"},          // [MS-DCOM]
	{"00020400-0000-0000-c000-000000000046", "IDispatch", "DCOM: automation", "3 GetTypeInfoCount GetTypeInfo GetIDsOfNames Invoke"},            // [MS-OAUT]
	{"027947e1-d731-11ce-a357-000000000001", "IEnumWbemClassObject interface", "WMI", "3 Reset Next NextAsync Clone Skip"},                      // [MS-WMI]
	{"0b6edbfa-4a24-4fc6-8a23-942b1eca65d1", "IRPCAsyncNotify", "print notifications", ""},                                                      // [MS-PAN]
	{"12345678-1234-abcd-ef00-0123456789ab", "spoolss", "print spooler", spoolss},
	{"12345678-1234-abcd-ef00-01234567cffb", "netlogon", "domain sign-on", netlogon},
	{"12345778-1234-abcd-ef00-0123456789ab", "lsarpc", "local security authority", lsarpc},
	{"12345778-1234-abcd-ef00-0123456789ac", "samr", "accounts and groups", samr},
	{"1257b580-ce2f-4109-82d6-a9459d0bf6bc", "SessEnvPublicRpc", "shadowing of sessions", "RpcShadow2"},                                                            // [MS-TSTS]
	{"1544f5e0-613c-11d1-93df-00c04fd7bd09", "exchange_rfr", "Exchange: referral", ""},                                                                             // [MS-OXABREF]
	{"17fdd703-1827-4e34-79d4-24a55c53bb37", "msgsvc", "messenger", "NetrMessageNameAdd NetrMessageNameEnum NetrMessageNameGetInfo NetrMessageNameDel"},            // [MS-MSRP]
	{"1ff70682-0a51-30e8-076d-740be8cee98b", "atsvc", "task scheduler, old", "NetrJobAdd NetrJobDel NetrJobEnum NetrJobGetInfo"},                                   // [MS-TSCH]
	{"300f3532-38cc-11d0-a3f0-0020af6b0add", "trkwks", "link tracking", "12 LnkSearchMachine"},                                                                     // [MS-DLTW]
	{"338cd001-2244-31f1-aaaa-900038001003", "winreg", "remote registry", winreg},                                                                                  // [MS-RRP]
	{"367abb81-9844-35f1-ad32-98f038001003", "svcctl", "service control", svcctl},                                                                                  // [MS-SCMR]
	{"378e52b0-c0a9-11cf-822d-00aa0051e40f", "sasec", "task scheduler, accounts", sasec},                                                                           // [MS-TSCH]
	{"3919286a-b10c-11d0-9ba8-00c04fd92ef5", "dssetup", "role of a domain controller", dssetup},                                                                    // [MS-DSSP]
	{"3dde7c30-165d-11d1-ab8f-00805f14db40", "BackupKey", "keys of the domain's secrets", "bkrp_BackupKey"},                                                        // [MS-BKRP]
	{"484809d6-4239-471b-b5bc-61df8c23ac48", "TermSrvSession", "terminal sessions", ""},                                                                            // [MS-TSTS]
	{"4b324fc8-1670-01d3-1278-5a47bf6ee188", "srvsvc", "shares and sessions", srvsvc},                                                                              // [MS-SRVS]
	{"4d9f4ab8-7d1c-11cf-861e-0020af6e7c57", "IActivation", "DCOM: activation", "RemoteActivation"},                                                                // [MS-DCOM]
	{"4fc742e0-4a10-11cf-8273-00aa004ae673", "netdfs", "distributed file system", netdfs},                                                                          // [MS-DFSNM]
	{"50abc2a4-574d-40b3-9d66-ee4fd5fba076", "dnsserver", "DNS server", dnsserver},                                                                                 // [MS-DNSP]
	{"5261574a-4572-206e-b268-6b199213b4e4", "AsyncEMSMDB", "Exchange: mail boxes", ""},                                                                            // [MS-OXCRPC]
	{"5422fd3a-d4b8-4cef-a12e-e87d4ca22e90", "ICertRequestD2", "certificate authority", "3 Request GetCACert Ping Request2 GetCAProperty GetCAPropertyInfo Ping2"}, // [MS-WCCE]
	{"57674cd0-5200-11ce-a897-08002b2e9c6d", "lls_license", "licences", "LlsrLicenseRequestW LlsrLicenseFree"},                                                     // [MS-LLSRP]
	{"5a7b91f8-ff00-11d0-a9b2-00c04fb6e6fc", "msgsvcsend", "messenger", "NetrSendMessage"},                                                                         // [MS-MSRP]
	{"6bffd098-a112-3610-9833-012892020162", "browser", "computer browser", browser},                                                                               // [MS-BRWSA]
	{"6bffd098-a112-3610-9833-46c3f87e345a", "wkssvc", "workstation", wkssvc},                                                                                      // [MS-WKST]
	{"76f03f96-cdfd-44fc-a22c-64950a001209", "IRemoteWinspool", "print spooler", winspool},                                                                         // [MS-PAR]
	{"7c44d7d4-31d5-424c-bd5e-2b3e1f323d22", "dsaop", "directory scripts", "IDL_DSAPrepareScript IDL_DSAExecuteScript"},                                            // [MS-DRSR]
	{"82273fdc-e32a-18c3-3f78-827929dc23ea", "eventlog", "event log", eventlog},                                                                                    // [MS-EVEN]
	{"86d35949-83c9-4044-b424-db363231fd0c", "ITaskSchedulerService", "task scheduler", taskscheduler},                                                             // [MS-TSCH]
	{"88143fd0-c28d-4b2b-8fef-8d882f6a9390", "TermServEnumeration", "terminal sessions", ""},                                                                       // [MS-TSTS]
	{"894de0c0-0d55-11d3-a322-00c04fa321a1", "InitShutdown", "remote shutdown", "BaseInitiateShutdown BaseAbortShutdown BaseInitiateShutdownEx"},                   // [MS-RSP]
	{"897e2e5f-93f3-4376-9c9c-fd2277495c27", "FrsTransport", "replication of files", ""},                                                                           // [MS-FRS2]
	{"8d9f4e40-a03d-11ce-8f69-08003e30051b", "pnp", "plug and play", ""},
	{"8fb6d884-2388-11d0-8c35-00c04fda2795", "W32Time", "time", w32time},                                                                                                      // [MS-W32T]
	{"91ae6020-9e3c-11cf-8d7c-00aa00c091be", "ICertPassage", "certificate authority", "CertServerRequest"},                                                                    // [MS-ICPR]
	{"9556dc99-828c-11cf-a37e-00aa003240c7", "IWbemServices", "WMI", wmi},                                                                                                     // [MS-WMI]
	{"99fcfec4-5260-101b-bbcb-00aa0021347a", "IObjectExporter", "DCOM: objects", "ResolveOxid SimplePing ComplexPing ServerAlive ResolveOxid2 ServerAlive2"},                  // [MS-DCOM]
	{"9a653086-174f-11d2-b5f9-00104b703efd", "IWbemClassObject interface", "WMI", ""},                                                                                         // [MS-WMI]
	{"a4f1db00-ca47-1067-b31f-00dd010662da", "exchange_mapi", "Exchange: mail boxes", "EcDoConnect EcDoDisconnect EcDoRpc"},                                                   // [MS-OXCRPC]
	{"a8e0653c-2744-4389-a61d-7373df8b2292", "FileServerVssAgent", "shadow copies of shares", shadowcopy},                                                                     // [MS-FSRVP]
	{"afa8bd80-7d8a-11c9-bef4-08002b102989", "mgmt", "management of servers", "inq_if_ids inq_stats is_server_listening stop_server_listening inq_princ_name"},                // [C706] Q
	{"b9785960-524f-11df-8b6d-83dcded72085", "ISDKey", "keys of groups", "GetKey"},                                                                                            // [MS-GKDI]
	{"c681d488-d850-11d0-8c52-00c04fd90f7e", "efsrpc2", "encrypting file system", efsrpc},                                                                                     // [MS-EFSR]
	{"d4781cd6-e5d3-44df-ad94-930efe48a887", "IWbemLoginClientID", "WMI", "3 SetClientInfo"},                                                                                  // [MS-WMI]
	{"d95afe70-a6d5-4259-822e-2c84da1ddb0d", "WindowsShutdown", "remote shutdown", "WsdrInitiateShutdown WsdrAbortShutdown"},                                                  // [MS-RSP]
	{"d99e6e70-fc88-11d0-b498-00a0c90312f3", "ICertRequestD", "certificate authority", "3 Request GetCACert Ping"},                                                            // [MS-WCCE]
	{"d99e6e71-fc88-11d0-b498-00a0c90312f3", "ICertAdminD", "certificate authority, administration", ""},                                                                      // [MS-CSRA]
	{"df1941c5-fe89-4e79-bf10-463657acf44d", "efsrpc", "encrypting file system", efsrpc},                                                                                      // [MS-EFSR]
	{"e1af8308-5d1f-11c9-91a4-08002b14a0fa", "epmapper", "endpoint mapper", "ept_insert ept_delete ept_lookup ept_map ept_lookup_handle_free ept_inq_object ept_mgmt_delete"}, // [C706] O
	{"e3514235-4b06-11d1-ab04-00c04fc2dcd2", "drsuapi", "directory replication", drsuapi},                                                                                     // [MS-DRSR]
	{"f309ad18-d86a-11d0-a075-00c04fb68820", "IWbemLevel1Login", "WMI", "3 EstablishPosition RequestChallenge WBEMLogin NTLMLogin"},                                           // [MS-WMI]
	{"f5cc5a18-4264-101a-8c59-08002b2f8426", "nspi", "address book", nspi},                                                                                                    // [MS-NSPI]
	{"f6beaff7-1e19-4fbb-9f8f-b89e2018337c", "IEventService", "event log", eventservice},                                                                                      // [MS-EVEN6]
}
