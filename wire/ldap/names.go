package ldap

import (
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
