"""What the columns of a file of orders may be: by their names in six languages, and by their values."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime as Datetime

import ibis
import pandas as pd

from crmlib.data.columns import ISO, ISO_ZONED, MISSING

SEVERAL = 2_000  # different values of a column to try formats on
# how exports call their columns, without accents, spaces and marks: English, German, French, Dutch, Spanish, Chinese
NAMES = {role: words.split() for role, words in {
    "customer_id": "customerid customer custid custno customerno customernr customernumber customerkey clientid client "
                   "buyerid buyer userid user accountid account memberid contactid visitorid customeremail email "
                   "kundennr kundennummer kunde kundenid kundnr debitor debitornr debitorennr kaeufer numclient "
                   "numeroclient noclient codeclient idclient acheteur klantnr klantnummer klant klantid debiteur "
                   "cliente idcliente clienteid nrocliente numcliente codigocliente comprador "
                   "客户 客户编号 客户号 客户id 客户代码 顾客 "
                   "顾客编号 会员 会员号 会员编号 会员id 用户 用户id 买家 买家id 客戶 客戶編號 會員編號",
    "date": "orderdate invoicedate purchasedate transactiondate saledate salesdate date day datetime when time "
            "timestamp ordertime createdat created createdon orderedat paidat paymentdate bestelldatum auftragsdatum "
            "rechnungsdatum kaufdatum belegdatum buchungsdatum datum bestellzeit datecommande datefacture dateachat "
            "datevente datecreation orderdatum factuurdatum besteldatum aankoopdatum verkoopdatum fecha fechapedido "
            "fechafactura fechacompra fechaventa 日期 下单日期 订单日期 购买日期 交易日期 下单时间 订单时间 交易时间 "
            "付款时间 支付时间 创建时间 时间 訂單日期 下單時間",
    "amount": "amount total totalamount linetotal lineamount ordertotal grandtotal totalprice revenue sales netsales "
              "turnover netamount grossamount subtotal paid spend spent gmv monetary betrag umsatz gesamtbetrag summe "
              "nettobetrag bruttobetrag gesamtpreis rechnungsbetrag nettoumsatz zeilensumme positionsbetrag montant "
              "montanttotal montantttc montantht totalttc totalht chiffredaffaires bedrag totaal omzet totaalbedrag "
              "regelbedrag importe monto importetotal montototal ventas facturacion 金额 总额 总价 总金额 实付金额 "
              "订单金额 销售额 销售金额 付款金额 支付金额 成交金额 实付 金額 總額 銷售額",
    "unit_price": "unitprice priceperunit priceeach itemprice price einzelpreis stueckpreis preis preisprostueck "
                  "prixunitaire pu prix stukprijs eenheidsprijs prijs preciounitario precio 单价 价格 單價 價格",
    "order_id": "orderid order orderno ordernr ordernumber invoice invoiceid invoiceno invoicenr invoicenumber "
                "transactionid transaction receipt receiptno basketid bestellnr bestellnummer bestellung auftragsnr "
                "auftragsnummer auftrag rechnungsnr rechnungsnummer rechnung belegnr belegnummer commande numcommande "
                "numerocommande nocommande facture numfacture numerofacture nofacture ordernummer bestelnr "
                "bestelnummer bestelling factuur factuurnr factuurnummer pedido numpedido nropedido idpedido factura "
                "numfactura nrofactura 订单 订单号 订单编号 订单id 单号 交易号 发票号 訂單號 訂單編號",
    "product_id": "productid product productno productcode sku stockcode item itemid itemno itemcode article articleid "
                  "ean asin artikel artikelnr artikelnummer produkt produktnr produktid produit codeproduit idproduit "
                  "reference refproduit codearticle productnr productcode producto idproducto codigoproducto articulo "
                  "产品 产品编号 产品id 商品 商品编号 商品编码 商品id 货号 產品編號 商品編號",
    "quantity": "quantity qty units unitssold count pieces pcs noofitems menge anzahl stueck stueckzahl quantite qte "
                "nombre aantal hoeveelheid cantidad unidades 数量 件数 购买数量 數量",
    "margin": "margin profit grossmargin grossprofit contribution contributionmargin marge deckungsbeitrag rohertrag "
              "gewinn margebrute benefice brutomarge winst margen beneficio 毛利 利润 毛利润 毛利額 利潤",
    "currency": "currency currencycode cur waehrung devise monnaie valuta munt moneda divisa 币种 货币 幣別",
}.items()}
OTHER_DAYS = ("ship", "deliver", "due", "birth", "update", "modif", "liefer", "geburt", "faellig", "livraison",
              "naissance", "lever", "geboorte", "envio", "entrega", "nacimiento", "发货", "生日", "更新", "到期")
DAY_MONTH_YEAR = [mark.join(parts) for mark in "/.-" for parts in (
    ("%d", "%m", "%Y"), ("%m", "%d", "%Y"), ("%d", "%m", "%y"), ("%m", "%d", "%y"))]
TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
FORMATS = [day + time for time in TIMES for day in (
    *DAY_MONTH_YEAR, "%y-%m-%d", "%y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y",
    "%b %d, %Y", "%d %B %Y", "%B %d, %Y", "%Y%m%d")]
MARKS = [(".", None), (",", None), (".", ","), (",", "."), (".", " "), (",", " "), (".", "'"), (",", "'"), (".", "’"),
         (",", "’")]


@dataclass
class Facts:
    """What the values of a column say about it."""

    kind: str
    missing: int
    distinct: int
    example: str = ""
    dates: list = field(default_factory=list)  # how they can be read: "", a format, "excel", "zoned", "unix"
    numbers: list = field(default_factory=list)  # (decimal, thousands) that read them
    whole: bool = False
    rows: int = 0


def facts_of(table) -> dict:
    """Return what the values of each column of an Ibis table say, by column."""
    plain = {}
    for name, kind in table.schema().items():
        if kind.is_date():
            plain[name] = table[name].cast("timestamp")
        elif kind.is_decimal():
            plain[name] = table[name].cast("float64")
        elif kind.is_string() or kind.is_numeric() or kind.is_timestamp():
            plain[name] = table[name]
        else:  # bytes, lists, times of day: nothing that an order is made of
            plain[name] = ibis.ifelse(table[name].isnull(), ibis.null("string"), str(kind))
    frame = table.select(**plain).to_pyarrow().to_pandas()
    return {name: _facts(frame[name], kind) for name, kind in table.schema().items()}


def _facts(series, kind):
    if kind.is_string():
        series = series.astype("str").str.strip()
        series = series.where(~series.isin(MISSING))
    there = series.dropna()
    values = there.unique()
    facts = Facts("empty", len(series) - len(there), len(values), rows=len(series))
    if not len(values):
        return facts
    facts.example = str(values[0])[:30]
    if kind.is_timestamp() or kind.is_date():
        zoned = kind.is_timestamp() and kind.timezone is not None
        facts.kind, facts.dates = "dates", ["zoned" if zoned else ""]
    elif kind.is_string():
        _read_text(facts, [str(value) for value in values[:SEVERAL]])
    elif kind.is_numeric() and not kind.is_boolean():
        facts.kind, facts.numbers, facts.whole = "numbers", [(".", None)], bool((there % 1 == 0).all())
        facts.dates = _number_dates(there)
    else:
        facts.kind = f"of type {kind}"
    return facts


def values_of(table, name):
    """Return a column of an Ibis table as a pandas Series."""
    return table[name].to_pyarrow().to_pandas()


def _number_dates(there):
    low, high, whole = float(there.min()), float(there.max()), bool((there % 1 == 0).all())
    if whole and 19000101 <= low <= high <= 22001231:
        return ["%Y%m%d"]
    if 20000 <= low <= high <= 80000:
        return ["excel"]
    return ["unix"] if 3e8 <= low <= high <= 5e9 or 3e11 <= low <= high <= 5e12 else []


def _read_text(facts, values):
    ways = {marks: _share(values, _number_pattern(*marks).fullmatch) for marks in MARKS}
    if best := _most(ways):
        read = [value for value in values if any(_number_pattern(*marks).fullmatch(value) for marks in best)]
        facts.kind = "numbers as text" if len(read) == len(values) else "mostly numbers"
        facts.numbers, facts.whole = best, all(re.fullmatch(r"[-+]?\d+([.]0*)?", value) for value in read)
        if len(read) == len(values) and (".", None) in best:
            facts.dates = _number_dates(pd.Series(values).astype("float64"))
        return
    ways = {"": _share(values, re.compile(ISO).match), "zoned": _share(values, re.compile(ISO_ZONED).match)}
    ways |= {form: _share(values, lambda value, form=form: _is_date(value, form)) for form in FORMATS}
    facts.kind, facts.dates = "text", _most(ways)
    if facts.dates:
        facts.kind = "dates as text"
    elif _share([re.sub(r"[$€£¥￥元\s]|\b[A-Z]{3}\b|[()%]", "", value).rstrip("-") for value in values],
                re.compile(r"[-+]?\d[\d.,]*").fullmatch) > 0.8:
        facts.kind, facts.numbers = "numbers with signs", [(".", None)]


def _most(ways):
    """Return the ways that read most values, if they read more than half: the door will name the others."""
    best = max(ways.values())
    return [way for way, share in ways.items() if share == best] if best > 0.5 else []


def _share(values, test):
    """Return the share of values that pass a test; a look at the first ones saves most of the work."""
    if not any(test(value) for value in values[:20]):
        return 0.0
    return sum(bool(test(value)) for value in values) / len(values)


def _number_pattern(decimal, thousands):
    whole = r"\d+" if thousands is None else rf"(\d{{1,3}}([{thousands}]\d{{3}})+|\d+)"
    return re.compile(rf"[-+]?({whole}([{decimal}]\d*)?|[{decimal}]\d+)([eE][-+]?\d+)?")


def _is_date(value, form):
    try:
        return bool(Datetime.strptime(value, form))
    except ValueError:
        return False


# --- which column is which -------------------------------------------------------------------------------


def _bare(name):
    name = str(name).lower().replace("ß", "ss").replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    name = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return re.sub(r"[\W_]", "", name)


def named(name, role):
    """Whether a column is called exactly as exports call a role, whatever its case, accents, spaces and marks."""
    return _bare(name) in NAMES[role]


def _by_name(name, role):
    """Return how well a name fits a role: 3 exactly, 2 as its beginning or end, 0 not at all."""
    bare = _bare(name)
    if named(name, role):
        return 3
    if role == "date" and any(word in bare for word in OTHER_DAYS):
        return 0
    return 2 if any(len(word) > (1 if not word.isascii() else 3) and (bare.startswith(word) or bare.endswith(word))
                    for word in NAMES[role]) else 0


def _fits(facts, role):
    """Whether the values of a column allow a role."""
    if role == "date":
        return bool(facts.dates)
    if role in ("amount", "unit_price", "margin", "quantity"):
        return bool(facts.numbers)
    if role == "currency":
        return facts.kind == "text" and facts.distinct <= 20
    if facts.kind in ("empty", "dates", "dates as text") or facts.kind.startswith("of type"):
        return False
    return (facts.whole or not facts.numbers) and (role != "customer_id" or facts.distinct > 1 or facts.rows < 3)


def roles_of(questions, facts, frame):
    """Return role -> (column, why); ask where two columns fit a role alike."""
    roles, taken = {}, set()
    scored = sorted(((_by_name(name, role), role, name) for role in NAMES for name in facts
                     if _fits(facts[name], role)), key=lambda item: -item[0])
    for score, role, name in scored:
        if not score or role in roles or name in taken:
            continue
        rivals = [other for also, r, other in scored if (also, r) == (score, role) and other not in taken]
        roles[role] = (name, f"its name {'says so' if score == 3 else 'sounds like it'}, {_reads(facts[name], role)}")
        taken.add(name)
        if len(rivals) > 1 and role != "currency":
            questions.append(f"{role}: {' or '.join(map(repr, rivals))}? Both names fit; {name!r} is proposed")
    _by_type(questions, facts, roles, taken)
    return _money(questions, facts, roles, frame)


def _by_type(questions, facts, roles, taken):
    """Propose what no name tells, where a single column can be meant."""
    for role, fits in (("date", lambda f: f.kind in ("dates", "dates as text")),
                       ("amount", lambda f: f.numbers and not f.whole)):
        if role in roles or role == "amount" and "unit_price" in roles and "quantity" in roles:
            continue
        left = [name for name in facts if name not in taken and fits(facts[name])]
        if len(left) == 1 and not (role == "amount" and "unit_price" in roles):
            kind = "dates" if role == "date" else "numbers with decimals"
            roles[role] = (left[0], f"no name says so, but it is the only column of {kind}")
            questions.append(f"{role}: is it {left[0]!r}? Only its values say so, not its name")
            taken.add(left[0])
        elif left:
            questions.append(f"{role}: {' or '.join(map(repr, left))}? No name says which")


def _money(questions, facts, roles, frame):
    """Decide between an amount and unit price × quantity."""
    if "unit_price" not in roles:
        return roles
    price = roles["unit_price"][0]
    if "amount" in roles:
        del roles["unit_price"]
        if "quantity" in roles:
            columns = [roles["amount"][0], price, roles["quantity"][0]]
            numbers = [pd.to_numeric(values_of(frame, name), errors="coerce") for name in columns]
            equal = ((numbers[0] - numbers[1] * numbers[2]).abs() < 0.006)[numbers[0].notna()]
            if len(equal):
                name, why = roles["amount"]
                roles["amount"] = (name, f"{why}; it is {price} × {columns[2]} in {equal.mean():.0%} of the rows")
    elif "quantity" in roles:
        name, why = roles["unit_price"]
        roles["unit_price"] = (name, f"{why}; no column holds the amount, which is {name} × {roles['quantity'][0]}")
    else:
        name, why = roles.pop("unit_price")
        roles["amount"] = (name, why)
        questions.append(f"amount: is {name!r} the price of the whole line? No quantity was found")
    return roles


def _reads(facts, role):
    if role == "date":
        shown = {"": "year-month-day", "zoned": "times with a zone", "unix": "seconds or milliseconds since 1970",
                 "excel": "day numbers of Excel"}
        return "it reads as " + " or ".join(shown.get(way, way) for way in facts.dates)
    if role in ("amount", "unit_price", "quantity", "margin"):
        decimal, thousands = facts.numbers[0]
        marks = f", {decimal!r} as decimal mark" * ("text" in facts.kind and not facts.whole)
        return f"{facts.kind}{marks}" + f", {thousands!r} grouping thousands" * bool(thousands)
    return f"{facts.distinct:,} different values in {facts.rows:,} rows"


def columns_table(facts, roles):
    proposed = {name: (role, why) for role, (name, why) in roles.items()}
    return pd.DataFrame(
        [(name, *proposed.get(name, ("", "")), each.kind, each.missing, each.distinct, each.example)
         for name, each in facts.items()],
        columns=["column", "proposed", "why", "kind", "missing", "distinct", "example"])
