package kerberos

import (
	"strconv"

	"bulwark/wire/ber"
)

// MessageType is a message's type (RFC 4120 §5.10). The zero value is none.
type MessageType uint8

// The messages read here.
const (
	ASReq  MessageType = 10
	ASRep  MessageType = 11
	TGSReq MessageType = 12
	TGSRep MessageType = 13
	APReq  MessageType = 14
	APRep  MessageType = 15
	Error  MessageType = 30
)

// messageType is the message that an APPLICATION tag stands for, 0 when it is none that is read here.
func messageType(t ber.Tag) MessageType {
	if !t.IsApplication() || !t.IsConstructed() {
		return 0
	}
	switch m := MessageType(t.Number()); m {
	case ASReq, ASRep, TGSReq, TGSRep, APReq, APRep, Error:
		return m
	}
	return 0
}

// IsRequest says whether a reply is due.
func (t MessageType) IsRequest() bool { return t == ASReq || t == TGSReq || t == APReq }

func (t MessageType) String() string {
	switch t {
	case ASReq:
		return "KRB_AS_REQ"
	case ASRep:
		return "KRB_AS_REP"
	case TGSReq:
		return "KRB_TGS_REQ"
	case TGSRep:
		return "KRB_TGS_REP"
	case APReq:
		return "KRB_AP_REQ"
	case APRep:
		return "KRB_AP_REP"
	case Error:
		return "KRB_ERROR"
	}
	return "KRB_" + strconv.Itoa(int(t))
}

// Etype is an encryption type (RFC 3961 and its registry). The zero value is none.
type Etype int32

// The encryption types met in Windows domains.
const (
	DESCBCCRC Etype = 1
	DESCBCMD5 Etype = 3
	AES128    Etype = 17
	AES256    Etype = 18
	AES128SHA Etype = 19 // aes128-cts-hmac-sha256-128
	AES256SHA Etype = 20 // aes256-cts-hmac-sha384-192
	RC4       Etype = 23
	RC4Export Etype = 24
	Camellia1 Etype = 25
	Camellia2 Etype = 26
)

// Weak says whether what is encrypted so can be cracked or is deprecated (RFC 6649, RFC 8429): all but AES and
// Camellia, which is DES, triple DES and RC4.
func (e Etype) Weak() bool {
	switch e {
	case 0, AES128, AES256, AES128SHA, AES256SHA, Camellia1, Camellia2:
		return false
	}
	return true
}

// String is the registered name, as EVE writes it.
func (e Etype) String() string {
	switch e {
	case 0:
		return "none"
	case 1:
		return "des-cbc-crc"
	case 2:
		return "des-cbc-md4"
	case 3:
		return "des-cbc-md5"
	case 5:
		return "des3-cbc-md5"
	case 7:
		return "des3-cbc-sha1"
	case 9:
		return "dsaWithSHA1-CmsOID"
	case 10:
		return "md5WithRSAEncryption-CmsOID"
	case 11:
		return "sha1WithRSAEncryption-CmsOID"
	case 12:
		return "rc2CBC-EnvOID"
	case 13:
		return "rsaEncryption-EnvOID"
	case 14:
		return "rsaES-OAEP-ENV-OID"
	case 15:
		return "des-ede3-cbc-Env-OID"
	case 16:
		return "des3-cbc-sha1-kd"
	case 17:
		return "aes128-cts-hmac-sha1-96"
	case 18:
		return "aes256-cts-hmac-sha1-96"
	case 19:
		return "aes128-cts-hmac-sha256-128"
	case 20:
		return "aes256-cts-hmac-sha384-192"
	case 23:
		return "rc4-hmac"
	case 24:
		return "rc4-hmac-exp"
	case 25:
		return "camellia128-cts-cmac"
	case 26:
		return "camellia256-cts-cmac"
	case 65:
		return "subkey-keymaterial"
	case -128: // [MS-KILE] 2.2.7: private numbers of Windows 2000 and XP
		return "rc4-md4"
	case -133:
		return "rc4-hmac-old"
	case -135:
		return "rc4-hmac-old-exp"
	}
	return "etype-" + strconv.Itoa(int(e))
}

// Options are KDC options (RFC 4120 §5.4.1, [MS-SFU] 2.2.3), bit 0 the most significant.
type Options uint32

// CNameInAdditionalTicket makes a TGS-REQ an S4U2proxy request.
const CNameInAdditionalTicket Options = 1 << (31 - 14)

// optionName is the name of option bit i, "" where none is registered.
func optionName(i int) string {
	switch i {
	case 1:
		return "forwardable"
	case 2:
		return "forwarded"
	case 3:
		return "proxiable"
	case 4:
		return "proxy"
	case 5:
		return "allow-postdate"
	case 6:
		return "postdated"
	case 8:
		return "renewable"
	case 11:
		return "opt-hardware-auth"
	case 14:
		return "cname-in-addl-tkt"
	case 15:
		return "canonicalize"
	case 16:
		return "request-anonymous"
	case 26:
		return "disable-transited-check"
	case 27:
		return "renewable-ok"
	case 28:
		return "enc-tkt-in-skey"
	case 30:
		return "renew"
	case 31:
		return "validate"
	}
	return ""
}

// AppendNames appends the names of the options that are set to dst.
func (o Options) AppendNames(dst []string) []string {
	for i := range 32 {
		if o&(1<<(31-i)) == 0 {
			continue
		}
		name := optionName(i)
		if name == "" {
			name = "option-" + strconv.Itoa(i)
		}
		dst = append(dst, name)
	}
	return dst
}

// PACOptions are what a client can or wants concerning the PAC ([MS-KILE] 2.2.10), bit 0 the most significant.
type PACOptions uint32

// ResourceDelegation asks for a ticket that the service itself allows to be used in another's name ([MS-SFU] 2.2.5).
const ResourceDelegation PACOptions = 1 << (31 - 3)

// AppendNames appends the names of the options that are set to dst.
func (o PACOptions) AppendNames(dst []string) []string {
	for i, name := range [...]string{"claims", "branch-aware", "forward-to-full-dc", "resource-based-constrained-delegation"} {
		if o&(1<<(31-i)) != 0 {
			dst = append(dst, name)
		}
	}
	return dst
}

// PreAuth is a type of pre-authentication data (RFC 4120 §7.5.2 and its registry, [MS-KILE] 2.2.10).
type PreAuth int32

// The types that are asked about here.
const (
	PreAuthTGSReq             PreAuth = 1
	PreAuthEncTimestamp       PreAuth = 2
	PreAuthPasswordSalt       PreAuth = 3
	PreAuthPKASReqOld         PreAuth = 14
	PreAuthPKASReq            PreAuth = 16
	PreAuthPKASRep            PreAuth = 17
	PreAuthEtypeInfo2         PreAuth = 19
	PreAuthPACRequest         PreAuth = 128
	PreAuthForUser            PreAuth = 129
	PreAuthS4UX509User        PreAuth = 130
	PreAuthFAST               PreAuth = 136
	PreAuthEncryptedChallenge PreAuth = 138
	PreAuthSPAKE              PreAuth = 151
	PreAuthPACOptions         PreAuth = 167

	preAuthEtypeInfo     PreAuth = 11
	preAuthPKWindows2000 PreAuth = 15 // in requests of Windows 2000 and XP, by a draft
	preAuthSAM           PreAuth = 31
	preAuthOTP           PreAuth = 142
)

// preAuthNames are the registered names.
var preAuthNames = map[PreAuth]string{
	1: "PA-TGS-REQ", 2: "PA-ENC-TIMESTAMP", 3: "PA-PW-SALT", 5: "PA-ENC-UNIX-TIME", 6: "PA-SANDIA-SECUREID",
	7: "PA-SESAME", 8: "PA-OSF-DCE", 9: "PA-CYBERSAFE-SECUREID", 10: "PA-AFS3-SALT", 11: "PA-ETYPE-INFO",
	12: "PA-SAM-CHALLENGE", 13: "PA-SAM-RESPONSE", 14: "PA-PK-AS-REQ_OLD", 15: "PA-PK-AS-REP_OLD", 16: "PA-PK-AS-REQ",
	17: "PA-PK-AS-REP", 18: "PA-PK-OCSP-RESPONSE", 19: "PA-ETYPE-INFO2", 20: "PA-SVR-REFERRAL-INFO",
	21: "PA-SAM-REDIRECT", 22: "PA-GET-FROM-TYPED-DATA", 23: "PA-SAM-ETYPE-INFO", 24: "PA-ALT-PRINC",
	25: "PA-SERVER-REFERRAL", 30: "PA-SAM-CHALLENGE2", 31: "PA-SAM-RESPONSE2", 41: "PA-EXTRA-TGT",
	101: "TD-PKINIT-CMS-CERTIFICATES", 102: "TD-KRB-PRINCIPAL", 103: "TD-KRB-REALM", 104: "TD-TRUSTED-CERTIFIERS",
	105: "TD-CERTIFICATE-INDEX", 106: "TD-APP-DEFINED-ERROR", 107: "TD-REQ-NONCE", 108: "TD-REQ-SEQ",
	109: "TD-DH-PARAMETERS", 111: "TD-CMS-DIGEST-ALGORITHMS", 112: "TD-CERT-DIGEST-ALGORITHMS",
	128: "PA-PAC-REQUEST", 129: "PA-FOR-USER", 130: "PA-S4U-X509-USER", 131: "PA-FOR-CHECK-DUPS", 132: "PA-AS-CHECKSUM",
	133: "PA-FX-COOKIE", 134: "PA-AUTHENTICATION-SET", 135: "PA-AUTH-SET-SELECTED", 136: "PA-FX-FAST",
	137: "PA-FX-ERROR", 138: "PA-ENCRYPTED-CHALLENGE", 141: "PA-OTP-CHALLENGE", 142: "PA-OTP-REQUEST",
	143: "PA-OTP-CONFIRM", 144: "PA-OTP-PIN-CHANGE", 145: "PA-EPAK-AS-REQ", 146: "PA-EPAK-AS-REP", 147: "PA-PKINIT-KX",
	148: "PA-PKU2U-NAME", 149: "PA-REQ-ENC-PA-REP", 150: "PA-AS-FRESHNESS", 151: "PA-SPAKE",
	161: "KERB-KEY-LIST-REQ", 162: "KERB-KEY-LIST-REP", 165: "PA-SUPPORTED-ENCTYPES", 166: "PA-EXTENDED-ERROR",
	167: "PA-PAC-OPTIONS", 170: "KERB-SUPERSEDED-BY-USER", 171: "KERB-DMSA-KEY-PACKAGE",
}

// String is the registered name.
func (t PreAuth) String() string {
	if name := preAuthNames[t]; name != "" {
		return name
	}
	return "PA-" + strconv.Itoa(int(t))
}

// ErrorCode is what a KRB-ERROR says (RFC 4120 §7.5.9, RFC 4556, RFC 6113). 0 is KDC_ERR_NONE.
type ErrorCode int32

// The errors that are asked about most.
const (
	ErrorClientUnknown   ErrorCode = 6 // no such user: the name was guessed
	ErrorServerUnknown   ErrorCode = 7
	ErrorEtypeNotSupp    ErrorCode = 14
	ErrorClientRevoked   ErrorCode = 18 // disabled, expired or locked out
	ErrorPreAuthFailed   ErrorCode = 24 // wrong password
	ErrorPreAuthRequired ErrorCode = 25 // ordinary: the client is asked to prove itself
	ErrorClockSkew       ErrorCode = 37
	ErrorModified        ErrorCode = 41
	ErrorTooBig          ErrorCode = 52 // ordinary: the client is asked to come again over TCP
	ErrorWrongRealm      ErrorCode = 68 // ordinary: the client is asked to go elsewhere
	ErrorMorePreAuth     ErrorCode = 91 // ordinary: the client is asked to go on (RFC 6113)
)

// Decides says whether a proof that was answered so was looked at to its end: else the client has to come again.
func (c ErrorCode) Decides() bool {
	switch c {
	case ErrorPreAuthRequired, ErrorTooBig, ErrorWrongRealm, ErrorMorePreAuth:
		return false
	}
	return true
}

// errorNames are those of RFC 4120 §7.5.9 and of RFC 4556, 6112, 6113 for 62 and above, by code.
var errorNames = [...]string{
	0: "KDC_ERR_NONE", 1: "KDC_ERR_NAME_EXP", 2: "KDC_ERR_SERVICE_EXP", 3: "KDC_ERR_BAD_PVNO",
	4: "KDC_ERR_C_OLD_MAST_KVNO", 5: "KDC_ERR_S_OLD_MAST_KVNO", 6: "KDC_ERR_C_PRINCIPAL_UNKNOWN",
	7: "KDC_ERR_S_PRINCIPAL_UNKNOWN", 8: "KDC_ERR_PRINCIPAL_NOT_UNIQUE", 9: "KDC_ERR_NULL_KEY",
	10: "KDC_ERR_CANNOT_POSTDATE", 11: "KDC_ERR_NEVER_VALID", 12: "KDC_ERR_POLICY", 13: "KDC_ERR_BADOPTION",
	14: "KDC_ERR_ETYPE_NOSUPP", 15: "KDC_ERR_SUMTYPE_NOSUPP", 16: "KDC_ERR_PADATA_TYPE_NOSUPP",
	17: "KDC_ERR_TRTYPE_NOSUPP", 18: "KDC_ERR_CLIENT_REVOKED", 19: "KDC_ERR_SERVICE_REVOKED",
	20: "KDC_ERR_TGT_REVOKED", 21: "KDC_ERR_CLIENT_NOTYET", 22: "KDC_ERR_SERVICE_NOTYET",
	23: "KDC_ERR_KEY_EXPIRED", 24: "KDC_ERR_PREAUTH_FAILED", 25: "KDC_ERR_PREAUTH_REQUIRED",
	26: "KDC_ERR_SERVER_NOMATCH", 27: "KDC_ERR_MUST_USE_USER2USER", 28: "KDC_ERR_PATH_NOT_ACCEPTED",
	29: "KDC_ERR_SVC_UNAVAILABLE", 31: "KRB_AP_ERR_BAD_INTEGRITY", 32: "KRB_AP_ERR_TKT_EXPIRED",
	33: "KRB_AP_ERR_TKT_NYV", 34: "KRB_AP_ERR_REPEAT", 35: "KRB_AP_ERR_NOT_US", 36: "KRB_AP_ERR_BADMATCH",
	37: "KRB_AP_ERR_SKEW", 38: "KRB_AP_ERR_BADADDR", 39: "KRB_AP_ERR_BADVERSION", 40: "KRB_AP_ERR_MSG_TYPE",
	41: "KRB_AP_ERR_MODIFIED", 42: "KRB_AP_ERR_BADORDER", 44: "KRB_AP_ERR_BADKEYVER", 45: "KRB_AP_ERR_NOKEY",
	46: "KRB_AP_ERR_MUT_FAIL", 47: "KRB_AP_ERR_BADDIRECTION", 48: "KRB_AP_ERR_METHOD", 49: "KRB_AP_ERR_BADSEQ",
	50: "KRB_AP_ERR_INAPP_CKSUM", 51: "KRB_AP_PATH_NOT_ACCEPTED", 52: "KRB_ERR_RESPONSE_TOO_BIG",
	60: "KRB_ERR_GENERIC", 61: "KRB_ERR_FIELD_TOOLONG", 62: "KDC_ERR_CLIENT_NOT_TRUSTED",
	63: "KDC_ERR_KDC_NOT_TRUSTED", 64: "KDC_ERR_INVALID_SIG", 65: "KDC_ERR_DH_KEY_PARAMETERS_NOT_ACCEPTED",
	66: "KDC_ERR_CERTIFICATE_MISMATCH", 67: "KRB_AP_ERR_NO_TGT", 68: "KDC_ERR_WRONG_REALM",
	69: "KRB_AP_ERR_USER_TO_USER_REQUIRED", 70: "KDC_ERR_CANT_VERIFY_CERTIFICATE",
	71: "KDC_ERR_INVALID_CERTIFICATE", 72: "KDC_ERR_REVOKED_CERTIFICATE",
	73: "KDC_ERR_REVOCATION_STATUS_UNKNOWN", 74: "KDC_ERR_REVOCATION_STATUS_UNAVAILABLE",
	75: "KDC_ERR_CLIENT_NAME_MISMATCH", 76: "KDC_ERR_KDC_NAME_MISMATCH",
	77: "KDC_ERR_INCONSISTENT_KEY_PURPOSE", 78: "KDC_ERR_DIGEST_IN_CERT_NOT_ACCEPTED",
	79: "KDC_ERR_PA_CHECKSUM_MUST_BE_INCLUDED", 80: "KDC_ERR_DIGEST_IN_SIGNED_DATA_NOT_ACCEPTED",
	81: "KDC_ERR_PUBLIC_KEY_ENCRYPTION_NOT_SUPPORTED", 90: "KDC_ERR_PREAUTH_EXPIRED",
	91: "KDC_ERR_MORE_PREAUTH_DATA_REQUIRED", 92: "KDC_ERR_PREAUTH_BAD_AUTHENTICATION_SET",
	85: "KRB_AP_ERR_IAKERB_KDC_NOT_FOUND", 86: "KRB_AP_ERR_IAKERB_KDC_NO_RESPONSE",
	93: "KDC_ERR_UNKNOWN_CRITICAL_FAST_OPTIONS", 100: "KDC_ERR_NO_ACCEPTABLE_KDF",
}

// String is the registered name.
func (c ErrorCode) String() string {
	if c >= 0 && int(c) < len(errorNames) && errorNames[c] != "" {
		return errorNames[c]
	}
	return "KRB_ERR_" + strconv.Itoa(int(c))
}
