package ldap

import (
	"bytes"
	"strconv"

	"bulwark/wire/ber"
)

// Op is an operation, by its tag (RFC 4511 §4.1.1).
type Op uint8

// The operations.
const (
	BindRequest          Op = 0
	BindResponse         Op = 1
	UnbindRequest        Op = 2
	SearchRequest        Op = 3
	SearchEntry          Op = 4
	SearchDone           Op = 5
	ModifyRequest        Op = 6
	ModifyResponse       Op = 7
	AddRequest           Op = 8
	AddResponse          Op = 9
	DelRequest           Op = 10
	DelResponse          Op = 11
	ModifyDNRequest      Op = 12
	ModifyDNResponse     Op = 13
	CompareRequest       Op = 14
	CompareResponse      Op = 15
	AbandonRequest       Op = 16
	SearchReference      Op = 19
	ExtendedRequest      Op = 23
	ExtendedResponse     Op = 24
	IntermediateResponse Op = 25
)

// isOp says whether t is the tag of an operation, in the form it has.
func isOp(t ber.Tag) bool {
	if !t.IsApplication() {
		return false
	}
	switch Op(t.Number()) {
	case UnbindRequest, DelRequest, AbandonRequest:
		return !t.IsConstructed()
	case 17, 18, 20, 21, 22:
		return false
	}
	return t.IsConstructed() && t.Number() <= int(IntermediateResponse)
}

// IsRequest says whether clients send o.
func (o Op) IsRequest() bool {
	switch o {
	case BindRequest, UnbindRequest, SearchRequest, ModifyRequest, AddRequest, DelRequest, ModifyDNRequest, CompareRequest,
		AbandonRequest, ExtendedRequest:
		return true
	}
	return false
}

// ends says whether o is the last answer to a request.
func (o Op) ends() bool {
	return !o.IsRequest() && o != SearchEntry && o != SearchReference && o != IntermediateResponse
}

// String is the name EVE uses.
func (o Op) String() string {
	switch o {
	case BindRequest:
		return "bind_request"
	case BindResponse:
		return "bind_response"
	case UnbindRequest:
		return "unbind_request"
	case SearchRequest:
		return "search_request"
	case SearchEntry:
		return "search_result_entry"
	case SearchDone:
		return "search_result_done"
	case SearchReference:
		return "search_result_reference"
	case ModifyRequest:
		return "modify_request"
	case ModifyResponse:
		return "modify_response"
	case AddRequest:
		return "add_request"
	case AddResponse:
		return "add_response"
	case DelRequest:
		return "del_request"
	case DelResponse:
		return "del_response"
	case ModifyDNRequest:
		return "mod_dn_request"
	case ModifyDNResponse:
		return "mod_dn_response"
	case CompareRequest:
		return "compare_request"
	case CompareResponse:
		return "compare_response"
	case AbandonRequest:
		return "abandon_request"
	case ExtendedRequest:
		return "extended_request"
	case ExtendedResponse:
		return "extended_response"
	case IntermediateResponse:
		return "intermediate_response"
	}
	return "unknown"
}

// ExtendedName is the name of an extended operation or an intermediate answer, "" when it is not known here (IANA
// registry "LDAP Parameters", [MS-ADTS] 3.1.1.3.4.2).
func ExtendedName(oid []byte) string {
	switch string(oid) {
	case OIDStartTLS:
		return "StartTLS"
	case OIDDisconnection:
		return "Notice of Disconnection"
	case oidPassword:
		return "Modify Password"
	case "1.3.6.1.4.1.4203.1.11.3":
		return "Who am I"
	case "1.3.6.1.1.8":
		return "Cancel"
	case "1.3.6.1.1.21.1":
		return "Start Transaction"
	case "1.3.6.1.1.21.3":
		return "End Transaction"
	case "1.3.6.1.1.19":
		return "Turn"
	case "1.3.6.1.4.1.1466.101.119.1":
		return "Refresh"
	case "1.2.840.113556.1.4.1781":
		return "Fast Bind"
	case "1.2.840.113556.1.4.2212":
		return "Batch Request"
	case "1.3.6.1.4.1.4203.1.9.1.4":
		return "Sync Info"
	case "2.16.840.1.113730.3.5.3":
		return "Start Replication"
	case "2.16.840.1.113730.3.5.12":
		return "Start Replication 90"
	}
	return ""
}

// controlNames are of the registry and of [MS-ADTS] 3.1.1.3.4.1.
var controlNames = map[string]string{
	"1.2.840.113556.1.4.319": "Paged Results", "1.2.840.113556.1.4.417": "Show Deleted",
	"1.2.840.113556.1.4.473": "Server Sort", "1.2.840.113556.1.4.474": "Server Sort Response",
	"1.2.840.113556.1.4.521": "Cross-Domain Move", "1.2.840.113556.1.4.528": "Notification",
	"1.2.840.113556.1.4.529": "Extended DN", "1.2.840.113556.1.4.619": "Lazy Commit",
	"1.2.840.113556.1.4.801": "Security Descriptor Flags", "1.2.840.113556.1.4.802": "Range Option",
	"1.2.840.113556.1.4.805": "Tree Delete", "1.2.840.113556.1.4.841": "DirSync",
	"1.2.840.113556.1.4.970": "Get Stats", "1.2.840.113556.1.4.1338": "Verify Name",
	"1.2.840.113556.1.4.1339": "Domain Scope", "1.2.840.113556.1.4.1340": "Search Options",
	"1.2.840.113556.1.4.1341": "RODC Domain-Controller Promotion", "1.2.840.113556.1.4.1413": "Permissive Modify",
	"1.2.840.113556.1.4.1504": "Attribute Scoped Query", "1.2.840.113556.1.4.1852": "Quota",
	"1.2.840.113556.1.4.1907": "Shutdown Notify", "1.2.840.113556.1.4.1948": "Range Retrieval",
	"1.2.840.113556.1.4.1974": "Force Update", "1.2.840.113556.1.4.2026": "DN Input",
	"1.2.840.113556.1.4.2064": "Show Recycled", "1.2.840.113556.1.4.2065": "Show Deactivated Link",
	"1.2.840.113556.1.4.2066": "Policy Hints (deprecated)", "1.2.840.113556.1.4.2090": "DirSync Extended",
	"1.2.840.113556.1.4.2204": "Tree Delete Extended", "1.2.840.113556.1.4.2205": "Update Stats",
	"1.2.840.113556.1.4.2206": "Search Hints", "1.2.840.113556.1.4.2211": "Expected Entry Count",
	"1.2.840.113556.1.4.2239": "Policy Hints", "1.2.840.113556.1.4.2255": "Set Owner",
	"1.2.840.113556.1.4.2256": "Bypass Quota", "1.2.840.113556.1.4.2309": "Link TTL",
	"2.16.840.1.113730.3.4.2": "Manage DSA IT", "2.16.840.1.113730.3.4.3": "Persistent Search",
	"2.16.840.1.113730.3.4.4": "Password Expired", "2.16.840.1.113730.3.4.5": "Password Expiring",
	"2.16.840.1.113730.3.4.7": "Entry Change Notification", "2.16.840.1.113730.3.4.9": "Virtual List View",
	"2.16.840.1.113730.3.4.10": "Virtual List View Response", "2.16.840.1.113730.3.4.15": "Authorization Identity Response",
	"2.16.840.1.113730.3.4.16": "Authorization Identity", "2.16.840.1.113730.3.4.18": "Proxied Authorization",
	"1.3.6.1.1.12": "Assertion", "1.3.6.1.1.13.1": "Pre-Read", "1.3.6.1.1.13.2": "Post-Read",
	"1.3.6.1.1.21.2": "Transaction Specification", "1.3.6.1.1.22": "Don't Use Copy",
	"1.3.6.1.4.1.4203.1.9.1.1": "Sync Request", "1.3.6.1.4.1.4203.1.9.1.2": "Sync State",
	"1.3.6.1.4.1.4203.1.9.1.3": "Sync Done", "1.3.6.1.4.1.4203.1.10.1": "Subentries",
	"1.3.6.1.4.1.4203.666.5.12": "Relax Rules", "1.3.6.1.4.1.42.2.27.8.5.1": "Password Policy",
	"1.2.826.0.1.3344810.2.3": "Matched Values",
}

// ControlName is the name of a control, "" when it is not known here.
func ControlName(oid []byte) string { return controlNames[string(oid)] }

// secrets are the attributes that hold passwords, or what serves as well, in lower case.
var secrets = [...]string{
	"userpassword", "unicodepwd", "unixuserpassword", "mssfu30password", "dbcspwd", "ntpwdhistory", "lmpwdhistory",
	"supplementalcredentials", "cleartextpassword", "currentvalue", "priorvalue", "trustauthincoming", "trustauthoutgoing",
	"initialauthincoming", "initialauthoutgoing", "msds-managedpassword", "ms-mcs-admpwd", "mslaps-password",
	"mslaps-encryptedpassword", "mslaps-encryptedpasswordhistory", "mslaps-encrypteddsrmpassword",
	"mslaps-encrypteddsrmpasswordhistory", "msfve-recoverypassword", "msfve-keypackage", "sambantpassword",
	"sambalmpassword", "sambapasswordhistory", "krbprincipalkey", "krbextradata", "userpkcs12", "ipanthash",
}

// IsSecret says whether the values of an attribute are passwords, or as good as such.
func IsSecret(attribute []byte) bool {
	const longest = 48
	if len(attribute) > longest {
		return false
	}
	for i, b := range attribute {
		if b == ';' { // options follow, RFC 4512 §2.5
			attribute = attribute[:i]
			break
		}
	}
	for _, s := range secrets {
		if len(s) == len(attribute) && bytes.EqualFold(attribute, []byte(s)) {
			return true
		}
	}
	return false
}

// rights are the attributes on whose values it hangs who may do what in a domain, or is taken for whom.
var rights = [...]string{
	"member", "memberof", "serviceprincipalname", "useraccountcontrol", "primarygroupid", "sidhistory", "samaccountname",
	"dnshostname", "userprincipalname", "altsecurityidentities", "admincount", "scriptpath", "gpcfilesyspath", "gplink",
	"msds-keycredentiallink", "msds-allowedtodelegateto", "msds-allowedtoactonbehalfofotheridentity",
	"msds-groupmsamembership", "msds-supportedencryptiontypes", "msds-delegatedmsastate",
	"msds-managedaccountprecededbylink", "msds-supersededmanagedaccountlink", "msds-supersededserviceaccountstate",
	"mspki-enrollment-flag", "mspki-certificate-name-flag", "mspki-ra-signature", "pkiextendedkeyusage",
	"certificatetemplates", "dsheuristics", "ms-ds-machineaccountquota", "managedby", "objectclass",
}

// MeansRights says whether who may do what hangs on the values of an attribute. These are kept of a change, of others
// only the names.
func MeansRights(attribute []byte) bool {
	for _, s := range rights {
		if len(s) == len(attribute) && bytes.EqualFold(attribute, []byte(s)) {
			return true
		}
	}
	return false
}

// Scope is how deep a search goes (RFC 4511 §4.5.1.2).
type Scope uint8

// The scopes.
const (
	BaseObject Scope = iota
	SingleLevel
	WholeSubtree
)

func (s Scope) String() string {
	switch s {
	case BaseObject:
		return "base_object"
	case SingleLevel:
		return "single_level"
	case WholeSubtree:
		return "whole_subtree"
	}
	return strconv.Itoa(int(s))
}

// Deref is whether a search follows aliases (RFC 4511 §4.5.1.3).
type Deref uint8

func (d Deref) String() string {
	switch d {
	case 0:
		return "never_deref_aliases"
	case 1:
		return "deref_in_searching"
	case 2:
		return "deref_finding_base_obj"
	case 3:
		return "deref_always"
	}
	return strconv.Itoa(int(d))
}

// Change is what MODIFY does with an attribute (RFC 4511 §4.6, RFC 4525).
type Change uint8

func (c Change) String() string {
	switch c {
	case 0:
		return "add"
	case 1:
		return "delete"
	case 2:
		return "replace"
	case 3:
		return "increment"
	}
	return strconv.Itoa(int(c))
}

// Code is the result of an operation (RFC 4511 §4.1.9, appendix A).
type Code uint16

// The results that are asked about here.
const (
	Success              Code = 0
	StrongAuthRequired   Code = 8
	SASLBindInProgress   Code = 14
	InvalidCredentials   Code = 49
	InsufficientAccess   Code = 50
	UnwillingToPerform   Code = 53
	ConfidentialityNeeds Code = 13
)

// codeNames are as EVE writes them, invalid_dns_syntax for invalidDNSyntax too.
var codeNames = [...]string{
	0: "success", 1: "operations_error", 2: "protocol_error", 3: "time_limit_exceeded", 4: "size_limit_exceeded",
	5: "compare_false", 6: "compare_true", 7: "auth_method_not_supported", 8: "stronger_auth_required", 10: "referral",
	11: "admin_limit_exceeded", 12: "unavailable_critical_extension", 13: "confidentiality_required",
	14: "sasl_bind_in_progress", 16: "no_such_attribute", 17: "undefined_attribute_type", 18: "inappropriate_matching",
	19: "constraint_violation", 20: "attribute_or_value_exists", 21: "invalid_attribute_syntax", 32: "no_such_object",
	33: "alias_problem", 34: "invalid_dns_syntax", 36: "alias_dereferencing_problem", 48: "inappropriate_authentication",
	49: "invalid_credentials", 50: "insufficient_access_rights", 51: "busy", 52: "unavailable", 53: "unwilling_to_perform",
	54: "loop_detect", 64: "naming_violation", 65: "object_class_violation", 66: "not_allowed_on_non_leaf",
	67: "not_allowed_on_rdn", 68: "entry_already_exists", 69: "object_class_mods_prohibited", 71: "affects_multiple_dsas",
	76: "control_error", 80: "other", 118: "canceled", 119: "no_such_operation", 120: "too_late", 121: "cannot_cancel",
	122: "assertion_failed", 123: "authorization_denied",
}

func (c Code) String() string {
	if int(c) < len(codeNames) && codeNames[c] != "" {
		return codeNames[c]
	}
	return strconv.Itoa(int(c))
}
