# A SAML 2.0 identity provider made of lasso. Arguments: a folder with idp.xml, idp.key, idp.crt and sp.xml, the query with which somebody was sent,
# and their login. It prints where the browser posts, and what.
import sys, datetime, lasso

folder, query, login = sys.argv[1:4]
server = lasso.Server(folder + "/idp.xml", folder + "/idp.key", None, folder + "/idp.crt")
server.signatureMethod = lasso.SIGNATURE_METHOD_RSA_SHA256
server.addProvider(lasso.PROVIDER_ROLE_SP, folder + "/sp.xml", None, None)
l = lasso.Login(server)
l.processAuthnRequestMsg(query)
l.validateRequestMsg(True, True)
now = datetime.datetime.strptime(sys.argv[4], "%Y-%m-%dT%H:%M:%SZ")
when = lambda minutes: (now + datetime.timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
l.buildAssertion(lasso.SAML2_AUTHN_CONTEXT_PASSWORD_PROTECTED_TRANSPORT, when(0), None, when(-1), when(5))
def attribute(name, value):
    text = lasso.MiscTextNode.newWithString(value)
    text.textChild = True
    v = lasso.Saml2AttributeValue()
    v.any = [text]
    a = lasso.Saml2Attribute()
    a.name, a.nameFormat, a.attributeValue = name, lasso.SAML2_ATTRIBUTE_NAME_FORMAT_BASIC, [v]
    return a
s = lasso.Saml2AttributeStatement()
s.attribute = [attribute("uid", login), attribute("displayName", "Dr " + login)]
l.assertion.attributeStatement = [s]
l.buildAuthnResponseMsg()
print(l.msgUrl)
print(l.msgBody)
