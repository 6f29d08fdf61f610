"""Every effect with a truth to compare an estimate with, and its size.

Probabilities are per year unless said otherwise. An *exit share* e is the part of those who would have stayed
that leaves because of one thing: the chance of staying is the product of ``1 - e`` over everything that happened.
"""

from crmlib.data.case import KANO

# name: (value, meaning)
PARAMETERS = {
    # who comes, and from where
    "transaction_share_promotion": (0.75, "share of transaction buyers among customers who came by a promotion"),
    "transaction_share_search": (0.45, "… who found us by searching"),
    "transaction_share_cold_call": (0.40, "… whom we called unasked"),
    "transaction_share_fair": (0.30, "… who met us at a trade fair"),
    "transaction_share_referral": (0.15, "… who were sent by another customer"),
    "transaction_share_workplace": (0.12, "… who knew our water from their workplace"),
    "label_error": (0.08, "share of the account managers' labels (buyer_label) that are wrong"),
    "two_ids_share": (0.006, "share of customers who registered a second time under the same name"),
    # how they buy
    "season_amplitude": (0.25, "orders in mid-July lie this share above the mean of the year, in mid-January below"),
    "promotion_share_transaction": (0.45, "mean share of order lines (contract payments apart) at promotion "
                                             "price, transaction buyers; it differs among them"),
    "promotion_share_relationship": (0.08, "… relationship buyers"),
    "promotion_discount": (0.12, "price cut of a promotion"),
    "price_rise": (0.03, "rise of list prices and unit costs on every 1 January"),
    "return_share": (0.01, "share of product lines that are returned"),
    "adoption_rate_relationship": (0.16, "rate per year of activity, from the launch on, at which relationship buyers "
                                         "who do not have it yet take up the coffee line"),
    "adoption_rate_transaction": (0.06, "… transaction buyers"),
    "adoption_at_start": (0.12, "share of customers won after the launch whose first order holds a coffee machine"),
    # how they leave
    "churn_mean_relationship": (0.0625, "mean of the relationship buyers' own exit probability, before events; it is "
                                        "beta distributed"),
    "churn_mean_transaction": (0.28, "… of the transaction buyers'"),
    "neglect_exit": (0.24, "exit share of a year without any contact that does not sell, the campaign call apart"),
    "attention_relationship": (0.65, "chance of such a contact in a year, relationship buyers: managers like them"),
    "attention_transaction": (0.40, "… transaction buyers"),
    "attention_household": (0.75, "… households: times this"),
    "blame_first_exit": (0.22, "exit share of a failure where we first asked whose fault it was"),
    "repaired_exit": (0.03, "exit share of a failure that was repaired"),
    "replaced_exit": (0.0, "exit share of a failure where the machine was replaced at once: no recovery paradox"),
    "contact_departure_rate": (0.15, "chance that a contact person leaves their firm in a year"),
    "lone_contact_exit": (0.35, "exit share of a year in which the only contact person leaves"),
    "campaign_neglect_relief": (0.85, "a campaign call takes away this part of neglect_exit"),
    "campaign_backlash": (0.20, "exit share of a campaign call to a transaction buyer: it reminds them to compare"),
    "second_life_exit": (0.30, "exit probability of a customer who was won back"),
    # why they say they left
    "neglect_stated_as_price": (0.15, "share of the neglected who say in the interview that a competitor was cheaper"),
    # people
    "user_conversion_delighted": (0.08, "rate at which an end user with stance 0.5 or more becomes a private customer"),
    "user_conversion_other": (0.015, "… with a stance below 0.5"),
    "referral_anyway": (0.40, "share of referred customers who would have come without the referral; only the truth "
                              "knows which"),
    "referrer_relationship_lift": (4.0, "a relationship buyer sends others this many times as often as a transaction "
                                        "buyer"),
    # what failures there are
    "failure_rate_organisation": (0.60, "failures per year of an organisation whose first order held a machine"),
    "failure_rate_household": (0.25, "… of a household"),
    # winning back, by the true reason of leaving
    "return_closed": (0.0, "chance that one attempt brings back who closed down"),
    "return_moved": (0.03, "… who moved away"),
    "return_need_changed": (0.08, "… whose need changed"),
    "return_competitor": (0.15, "… who went to a competitor; with a discount twice as much"),
    "return_product": (0.15, "… who was annoyed by a failure"),
    "return_neglect": (0.32, "… who felt neglected"),
    "return_contact_left": (0.35, "… whose contact person had left"),
    # the house's own services, share of requests in time
    "on_time_order_entry": (0.98, "orders typed in on the day: sales to order desk"),
    "on_time_picking": (0.96, "goods ready in time: warehouse to dispatch"),
    "on_time_delivery": (0.94, "goods at the door in time: dispatch to fitters"),
    "on_time_installation": (0.88, "machine fitted in time: fitters to billing"),
    "on_time_invoicing": (0.97, "correct invoice in time: billing to sales"),
    "on_time_tender_drawings": (0.83, "drawings for a tender in time: engineering to tender office"),
    "on_time_travel_tickets": (0.95, "tickets in time: office to sales"),
    # after the sale
    "seller_tone_drop": (6.0, "points by which the seller's tone falls from signing on"),
    "seller_tone_days": (90.0, "days after which 63 % of that drop has happened"),
    "buyer_tone_rise": (4.0, "points by which the buyer's tone rises after the sale"),
    "buyer_tone_days": (60.0, "days after which half of that rise has happened"),
    # what makes satisfaction, points per point
    "service_rating_type": (1.6, "points by which transaction buyers rate our service lower"),
    "service_rating_blame_first": (2.0, "points lost in the rating of the service by a failure with blame first in the "
                                        "12 months before"),
    "service_rating_neglect": (1.0, "points lost by 12 months without a contact that does not sell"),
    "driver_product": (0.30, "satisfaction gained per point of the rating of the product"),
    "driver_service": (0.45, "… of the service"),
    "driver_image": (0.10, "… of the firm's image"),
}

VALUES = {name: value for name, (value, _) in PARAMETERS.items()}
MEANINGS = {name: meaning for name, (_, meaning) in PARAMETERS.items()}

CHURN_CONCENTRATION = {"relationship": 12.8, "transaction": 5.0}  # a + b of the beta distribution
NO_PROBABILITY = ("failure_rate_organisation", "failure_rate_household", "adoption_rate_relationship",
                  "adoption_rate_transaction", "user_conversion_delighted", "user_conversion_other", "seller_tone_drop",
                  "seller_tone_days", "buyer_tone_rise", "buyer_tone_days", "referrer_relationship_lift",
                  "driver_product", "driver_service", "driver_image", "service_rating_type",
                  "service_rating_blame_first", "service_rating_neglect")

CATEGORIES = ("household", "business", "channel", "distributor", "internal")
CATEGORY_SHARES = (0.555, 0.415, 0.018, 0.012)
SECTORS = ("office", "hotel", "school", "clinic", "restaurant", "factory")
SECTOR_SHARES = (0.38, 0.12, 0.10, 0.10, 0.18, 0.12)
DISTRICTS = ("Jinjiang", "Qingyang", "Jinniu", "Wuhou", "Chenghua", "Gaoxin")
CHANNELS = ("referral", "fair", "search", "cold_call", "promotion", "workplace")
CHANNEL_SHARES = {"household": (0.23, 0.06, 0.34, 0.04, 0.33), "organisation": (0.22, 0.20, 0.21, 0.22, 0.15)}
ACQUISITION_COST = {  # mean in yuan by channel: households, organisations
    "referral": (50, 350), "fair": (260, 1600), "search": (140, 750), "cold_call": (320, 1150),
    "promotion": (170, 550), "workplace": (20, 20),
}
GRADES = ("AAA", "AA", "A", "B", "C", "D")
ROLES = ("initiator", "user", "influencer", "decider", "approver", "buyer", "gatekeeper")
REASONS = ("closed", "moved", "need_changed", "competitor", "product", "neglect", "contact_left")
BASE_REASONS = {  # why those leave who would have left anyway
    "relationship": (0.16, 0.24, 0.32, 0.22, 0.06, 0.0, 0.0),
    "transaction": (0.08, 0.12, 0.18, 0.57, 0.05, 0.0, 0.0),
}

# Kano: what the respondents' answers are drawn from, shares of A, O, M, I, R, Q
KANO_FEATURES = dict(zip(KANO, (
    (0.04, 0.20, 0.66, 0.07, 0.0, 0.03),  # water quality
    (0.12, 0.55, 0.20, 0.11, 0.0, 0.02),  # next-day delivery
    (0.10, 0.48, 0.34, 0.06, 0.0, 0.02),  # fast repair
    (0.52, 0.24, 0.06, 0.16, 0.0, 0.02),  # free filter check
    (0.44, 0.12, 0.03, 0.34, 0.05, 0.02),  # ordering by app
    (0.56, 0.18, 0.05, 0.19, 0.0, 0.02),  # a machine on loan
    (0.03, 0.14, 0.62, 0.19, 0.0, 0.02),  # a plain invoice
    (0.04, 0.03, 0.02, 0.38, 0.50, 0.03),  # sales calls
), strict=True))

# product, English, Chinese, family, launch, list price and unit cost in 2021 (yuan), weight with households and
# with organisations within its group
PRODUCTS = (
    ("M01", "desktop dispenser", "台式饮水机", "machine", "2021-01-01", 399, 250, 5, 1),
    ("M02", "standing dispenser", "立式饮水机", "machine", "2021-01-01", 890, 560, 3, 4),
    ("M03", "under-sink purifier", "厨下净水器", "machine", "2021-01-01", 1890, 1130, 3, 1),
    ("M04", "office purifier", "办公净水机", "machine", "2021-01-01", 3980, 2480, 0, 3),
    ("M05", "boiling-water tap", "开水器", "machine", "2021-01-01", 2680, 1680, 0, 2),
    ("M06", "ice maker", "制冰机", "machine", "2021-01-01", 5600, 3750, 0, 1),
    ("C01", "bottled water 18.9 l", "桶装水", "consumable", "2021-01-01", 22, 12, 30, 40),
    ("C02", "case of small bottles", "瓶装水（箱）", "consumable", "2021-01-01", 48, 31, 10, 14),
    ("C03", "carbon filter", "活性炭滤芯", "consumable", "2021-01-01", 120, 48, 12, 9),
    ("C04", "membrane filter", "反渗透滤芯", "consumable", "2021-01-01", 320, 145, 7, 6),
    ("C05", "paper cups", "纸杯", "consumable", "2021-01-01", 16, 10, 4, 12),
    ("C06", "tea selection", "茶包", "consumable", "2021-01-01", 65, 38, 5, 6),
    ("C07", "cleaning tablets", "清洗片", "consumable", "2021-01-01", 39, 15, 5, 4),
    ("C08", "salt for softeners", "软水盐", "consumable", "2021-01-01", 58, 36, 3, 3),
    ("S01", "service contract, one year", "年度服务合同", "service", "2021-01-01", 180, 90, 0, 0),
    ("S02", "installation", "安装", "service", "2021-01-01", 150, 95, 3, 3),
    ("S03", "cleaning visit", "上门清洗", "service", "2021-01-01", 120, 70, 5, 6),
    ("S04", "water test", "水质检测", "service", "2021-01-01", 200, 110, 1, 2),
    ("M07", "coffee machine", "咖啡机", "machine", "2023-03-01", 3200, 2050, 0, 0),
    ("C09", "coffee beans", "咖啡豆", "consumable", "2023-03-01", 98, 52, 3, 3),
    ("C10", "milk and sugar box", "奶糖盒", "consumable", "2023-03-01", 45, 25, 1, 1),
    ("M08", "leak guard", "智能漏水保护器", "machine", "2024-09-01", 260, 130, 0, 0),
)
COFFEE = ("M07", "C09", "C10")
LEAK_GUARD = "M08"
SERVICE_LINKS = (  # service, supplier, recipient
    ("order_entry", "sales", "order desk"),
    ("picking", "warehouse", "dispatch"),
    ("delivery", "dispatch", "fitters"),
    ("installation", "fitters", "billing"),
    ("invoicing", "billing", "sales"),
    ("tender_drawings", "engineering", "tender office"),
    ("travel_tickets", "office", "sales"),
)
INTERNAL_DEPARTMENTS = ("销售部", "仓库", "调度室", "安装队", "财务部", "工程部", "投标办公室", "行政办公室")
