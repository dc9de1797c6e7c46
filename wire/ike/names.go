package ike

import "strconv"

// Exchange is the name of an exchange (RFC 2408 §3.1, RFC 2409 §5, RFC 7296 §3.1 and IANA's registry); empty for one that
// nobody has.
func Exchange(major, n uint8) string {
	switch {
	case major == 1 && int(n) < len(exchanges1):
		return exchanges1[n]
	case major == 1 && n == 32:
		return "Quick Mode"
	case major == 1 && n == 33:
		return "New Group Mode"
	case major == 2 && n >= 34 && int(n)-34 < len(exchanges2):
		return exchanges2[n-34]
	}
	return ""
}

var exchanges1 = [...]string{"", "Base", "Identity Protection", "Authentication Only", "Aggressive", "Informational", "Transaction (Config Mode)"}

var exchanges2 = [...]string{"IKE_SA_INIT", "IKE_AUTH", "CREATE_CHILD_SA", "INFORMATIONAL", "IKE_SESSION_RESUME", "GSA_AUTH",
	"GSA_REGISTRATION", "GSA_REKEY", "", "IKE_INTERMEDIATE", "IKE_FOLLOWUP_KE"}

// PayloadName is the name of a kind of payload, as Suricata writes it.
func PayloadName(major, kind uint8) string {
	switch {
	case major == 1 && int(kind) < len(payloads1):
		return payloads1[kind]
	case major == 2 && kind == 0:
		return "NoNextPayload"
	case major == 2 && kind >= 33 && int(kind)-33 < len(payloads2):
		return payloads2[kind-33]
	}
	return "IkePayloadType(" + strconv.Itoa(int(kind)) + ")"
}

var payloads1 = [...]string{"None", "SecurityAssociation", "Proposal", "Transform", "KeyExchange", "Identification", "Certificate",
	"CertificateRequest", "Hash", "Signature", "Nonce", "Notification", "Delete", "VendorID", "Reserved", "SaKekPayload", "SaTekPayload",
	"KeyDownload", "SequenceNumber", "ProofOfPossession", "NatDiscovery", "NatOriginalAddress", "GroupAssociatedPolicy"}

var payloads2 = [...]string{"SecurityAssociation", "KeyExchange", "IdentInitiator", "IdentResponder", "Certificate", "CertificateRequest",
	"Authentication", "Nonce", "Notify", "Delete", "VendorID", "TrafficSelectorInitiator", "TrafficSelectorResponder",
	"EncryptedAndAuthenticated", "Configuration", "ExtensibleAuthentication", "GenericSecurePasswordMethod", "GroupIdentification",
	"GroupSecurityAssociation", "KeyDownload", "EncryptedAndAuthenticatedFragment", "PuzzleSolution"}

// TransformName is the name of an algorithm of version 2 (IANA registry "IKEv2 Parameters"), as Suricata writes it.
func TransformName(kind uint8, id uint16) string {
	var list []string
	switch kind {
	case Encryption:
		list = ciphers2[:]
	case PRF:
		list = prfs2[:]
	case Integrity:
		list = integrities2[:]
	case DH:
		list = groups2[:]
	case ESN:
		list = []string{"NoESN", "ESN"}
	}
	if int(id) < len(list) && list[id] != "" {
		return list[id]
	}
	return strconv.Itoa(int(id))
}

var ciphers2 = [...]string{"", "ENCR_DES_IV64", "ENCR_DES", "ENCR_3DES", "ENCR_RC5", "ENCR_IDEA", "ENCR_CAST", "ENCR_BLOWFISH", "ENCR_3IDEA",
	"ENCR_DES_IV32", "", "ENCR_NULL", "ENCR_AES_CBC", "ENCR_AES_CTR", "ENCR_AES_CCM_8", "ENCR_AES_CCM_12", "ENCR_AES_CCM_16", "",
	"ENCR_AES_GCM_8", "ENCR_AES_GCM_12", "ENCR_AES_GCM_16", "ENCR_NULL_AUTH_AES_GMAC", "", "ENCR_CAMELLIA_CBC", "ENCR_CAMELLIA_CTR",
	"ENCR_CAMELLIA_CCM_8", "ENCR_CAMELLIA_CCM_12", "ENCR_CAMELLIA_CCM_16", "ENCR_CHACHA20_POLY1305"}

var prfs2 = [...]string{"PRF_NULL", "PRF_HMAC_MD5", "PRF_HMAC_SHA1", "PRF_HMAC_TIGER", "PRF_AES128_XCBC", "PRF_HMAC_SHA2_256",
	"PRF_HMAC_SHA2_384", "PRF_HMAC_SHA2_512", "PRF_AES128_CMAC"}

var integrities2 = [...]string{"NONE", "AUTH_HMAC_MD5_96", "AUTH_HMAC_SHA1_96", "AUTH_DES_MAC", "AUTH_KPDK_MD5", "AUTH_AES_XCBC_96",
	"AUTH_HMAC_MD5_128", "AUTH_HMAC_SHA1_160", "AUTH_AES_CMAC_96", "AUTH_AES_128_GMAC", "AUTH_AES_192_GMAC", "AUTH_AES_256_GMAC",
	"AUTH_HMAC_SHA2_256_128", "AUTH_HMAC_SHA2_384_192", "AUTH_HMAC_SHA2_512_256"}

var groups2 = [...]string{"None", "Modp768", "Modp1024", "", "", "Modp1536", "", "", "", "", "", "", "", "", "Modp2048", "Modp3072",
	"Modp4096", "Modp6144", "Modp8192", "Ecp256", "Ecp384", "Ecp521", "Modp1024s160", "Modp2048s224", "Modp2048s256", "Ecp192", "Ecp224",
	"BrainpoolP224r1", "BrainpoolP256r1", "BrainpoolP384r1", "BrainpoolP512r1", "Curve25519", "Curve448"}

// AttributeName is Suricata's name of a kind of attribute of version 1.
func AttributeName(kind uint16) string {
	if int(kind) < len(attributes1) && attributes1[kind] != "" {
		return attributes1[kind]
	}
	return "unknown"
}

var attributes1 = [...]string{"", "alg_enc", "alg_hash", "alg_auth", "alg_dh", "sa_group_type", "sa_group_prime", "sa_group_generator_one",
	"sa_group_generator_two", "sa_group_curve_a", "sa_group_curve_b", "sa_life_type", "sa_life_duration", "alg_prf", "sa_key_length",
	"sa_field_size", "sa_group_order"}

// ValueName is Suricata's name of the value of an attribute of version 1 (IANA registry "Internet Key Exchange (IKE)
// Attributes"); Unknown where it has none.
func ValueName(kind, value uint16) string {
	var list []string
	switch kind {
	case Cipher:
		list = ciphers1[:]
	case Hash:
		list = hashes1[:]
	case AuthMethod:
		list = methods1[:]
	case GroupID:
		list = groups1[:]
	case LifeType:
		list = []string{"", "LifeTypeSeconds", "LifeTypeKilobytes"}
	}
	if int(value) < len(list) && list[value] != "" {
		return list[value]
	}
	return "Unknown"
}

var ciphers1 = [...]string{"", "EncDesCbc", "EncIdeaCbc", "EncBlowfishCbc", "EncRc5R16B64Cbc", "EncTripleDesCbc", "EncCastCbc", "EncAesCbc",
	"EncCamelliaCbc"}

var hashes1 = [...]string{"", "HashMd5", "HashSha", "HashTiger", "HashSha2_256", "HashSha2_384", "HashSha2_512"}

var methods1 = [...]string{"", "AuthPreSharedKey", "AuthDssSignatures", "AuthRsaSignatures", "AuthEncryptionWithRsa",
	"AuthRevisedEncryptionWithRsa", "AuthReserved", "AuthReserved", "AuthReserved", "AuthEcdsaSha256", "AuthEcdsaSha384", "AuthEcdsaSha512"}

var groups1 = [...]string{"", "GroupDefault768BitModp", "GroupAlternate1024BitModpGroup", "GroupEc2nOnGp2p155", "GroupEc2nOnGp2p185",
	"GroupModp1536Bit", "GroupEc2nOverGf2p163", "GroupEc2nOverGf2p163", "GroupEc2nOverGf2p283", "GroupEc2nOverGf2p283",
	"GroupEc2nOverGf2p409", "GroupEc2nOverGf2p409", "GroupEc2nOverGf2p571", "GroupEc2nOverGf2p571", "GroupModp2048Bit", "GroupModp3072Bit",
	"GroupModp4096Bit", "GroupModp6144Bit", "GroupModp8192Bit", "GroupRandomEcp256", "GroupRandomEcp384", "GroupRandomEcp521",
	"GroupModp1024With160BitPrime", "GroupModp2048With224BitPrime", "GroupModp2048With256BitPrime", "GroupRandomEcp192",
	"GroupRandomEcp224", "GroupBrainpoolEcp224", "GroupBrainpoolEcp256", "GroupBrainpoolEcp384", "GroupBrainpoolEcp512"}

// firstStatus is the first number of a notification of version 2 that is no error (RFC 7296 §3.10.1).
const firstStatus = 16384

// IsError reports whether a notification says that something went wrong.
func IsError(major uint8, n uint16) bool {
	return major == 2 && n < firstStatus || major == 1 && n > 0 && n < 8192
}

// NotifyName is the name of a notification, as Suricata writes it.
func NotifyName(major uint8, n uint16) string {
	for i := range notifies {
		if notifies[i].n == n && notifies[i].major == major {
			return notifies[i].name
		}
	}
	if major == 1 {
		return strconv.Itoa(int(n))
	}
	return "NotifyType(" + strconv.Itoa(int(n)) + " / 0x" + strconv.FormatUint(uint64(n), 16) + ")"
}

// LaterNotifyName is the name of a notification of version 2 that came after RFC 7296 (IANA registry "IKEv2 Notify Message Types");
// empty for others. Suricata knows them by their numbers only.
func LaterNotifyName(n uint16) string {
	const first = 16396
	if n < first || int(n-first) >= len(laterNotifies) {
		return ""
	}
	return laterNotifies[n-first]
}

// laterNotifies are the names from 16396 on.
var laterNotifies = [...]string{"MOBIKE_SUPPORTED", "ADDITIONAL_IP4_ADDRESS", "ADDITIONAL_IP6_ADDRESS", "NO_ADDITIONAL_ADDRESSES", "UPDATE_SA_ADDRESSES",
	"COOKIE2", "NO_NATS_ALLOWED", "AUTH_LIFETIME", "MULTIPLE_AUTH_SUPPORTED", "ANOTHER_AUTH_FOLLOWS", "REDIRECT_SUPPORTED", "REDIRECT",
	"REDIRECTED_FROM", "TICKET_LT_OPAQUE", "TICKET_REQUEST", "TICKET_ACK", "TICKET_NACK", "TICKET_OPAQUE", "LINK_ID", "USE_WESP_MODE",
	"ROHC_SUPPORTED", "EAP_ONLY_AUTHENTICATION", "CHILDLESS_IKEV2_SUPPORTED", "QUICK_CRASH_DETECTION", "IKEV2_MESSAGE_ID_SYNC_SUPPORTED",
	"IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED", "IKEV2_MESSAGE_ID_SYNC", "IPSEC_REPLAY_COUNTER_SYNC", "SECURE_PASSWORD_METHODS", "PSK_PERSIST",
	"PSK_CONFIRM", "ERX_SUPPORTED", "IFOM_CAPABILITY", "SENDER_REQUEST_ID", "IKEV2_FRAGMENTATION_SUPPORTED", "SIGNATURE_HASH_ALGORITHMS",
	"CLONE_IKE_SA_SUPPORTED", "CLONE_IKE_SA", "PUZZLE", "USE_PPK", "PPK_IDENTITY", "NO_PPK_AUTH", "INTERMEDIATE_EXCHANGE_SUPPORTED"}

var notifies = [...]struct {
	major uint8
	n     uint16
	name  string
}{
	{2, 1, "UNSUPPORTED_CRITICAL_PAYLOAD"}, {2, 4, "INVALID_IKE_SPI"}, {2, 5, "INVALID_MAJOR_VERSION"}, {2, 7, "INVALID_SYNTAX"},
	{2, 9, "INVALID_MESSAGE_ID"}, {2, 11, "INVALID_SPI"}, {2, 14, "NO_PROPOSAL_CHOSEN"}, {2, 17, "INVALID_KE_PAYLOAD"},
	{2, 24, "AUTHENTICATION_FAILED"}, {2, 34, "SINGLE_PAIR_REQUIRED"}, {2, 35, "NO_ADDITIONAL_SAS"}, {2, 36, "INTERNAL_ADDRESS_FAILURE"},
	{2, 37, "FAILED_CP_REQUIRED"}, {2, 38, "TS_UNACCEPTABLE"}, {2, 39, "INVALID_SELECTORS"}, {2, 43, "TEMPORARY_FAILURE"},
	{2, 44, "CHILD_SA_NOT_FOUND"}, {2, 16384, "INITIAL_CONTACT"}, {2, 16385, "SET_WINDOW_SIZE"}, {2, 16386, "ADDITIONAL_TS_POSSIBLE"},
	{2, 16387, "IPCOMP_SUPPORTED"}, {2, 16388, "NAT_DETECTION_SOURCE_IP"}, {2, 16389, "NAT_DETECTION_DESTINATION_IP"}, {2, 16390, "COOKIE"},
	{2, 16391, "USE_TRANSPORT_MODE"}, {2, 16392, "HTTP_CERT_LOOKUP_SUPPORTED"}, {2, 16393, "REKEY_SA"},
	{2, 16394, "ESP_TFC_PADDING_NOT_SUPPORTED"}, {2, 16395, "NON_FIRST_FRAGMENTS_ALSO"},
	{1, 1, "INVALID-PAYLOAD-TYPE"}, {1, 4, "INVALID-COOKIE"}, {1, 5, "INVALID-MAJOR-VERSION"}, {1, 7, "INVALID-EXCHANGE-TYPE"},
	{1, 9, "INVALID-MESSAGE-ID"}, {1, 11, "INVALID-SPI"}, {1, 14, "NO-PROPOSAL-CHOSEN"}, {1, 16, "PAYLOAD-MALFORMED"},
	{1, 17, "INVALID-KEY-INFORMATION"}, {1, 18, "INVALID-ID-INFORMATION"}, {1, 23, "INVALID-HASH-INFORMATION"}, {1, 24, "AUTHENTICATION-FAILED"},
	{1, 25, "INVALID-SIGNATURE"}, {1, 16384, "CONNECTED"}, {1, 24578, "INITIAL-CONTACT"}, {1, 36136, "R-U-THERE"}, {1, 36137, "R-U-THERE-ACK"},
}
