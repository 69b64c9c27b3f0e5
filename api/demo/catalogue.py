"""The names and habits of an invented company: towns, suppliers, items, customers.

Towns are real (so that a map of the network makes sense); everything else is made up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Site:
    """A warehouse or a store. `size` scales demand; stores order from the warehouse."""

    code: str
    name: str
    region: str
    latitude: float
    longitude: float
    size: float = 1.0
    sunday: float = 0.0  # demand of a Sunday against a mean weekday; 0: closed
    order_days: tuple[int, ...] = (0, 2, 4)  # weekdays, Monday 0
    transit_days: int = 1
    kind: str = "store"
    like_site: str = ""
    opened_at: float = 0.0  # share of the history gone by when it opens


WAREHOUSE: Final = Site(
    "FR-DEP0",
    "Entrepôt de Saint-Quentin-Fallavier",
    "Isère",
    45.6430,
    5.1130,
    size=0.0,
    order_days=(0, 1, 2, 3, 4),
    kind="warehouse",
)

STORES: Final = (
    Site("FR-LYO1", "Lyon Part-Dieu", "Rhône", 45.7606, 4.8590, 1.7, 0.4, (0, 1, 2, 3, 4), 1),
    Site("FR-GRE1", "Grenoble Centre", "Isère", 45.1885, 5.7245, 1.2, 0.0, (0, 2, 4), 1),
    Site("FR-STE1", "Saint-Étienne", "Loire", 45.4397, 4.3872, 1.0, 0.0, (0, 2, 4), 1),
    Site("FR-ANN1", "Annecy Lac", "Haute-Savoie", 45.8992, 6.1294, 1.1, 0.5, (1, 3), 2),
    Site("FR-CHA1", "Chambéry", "Savoie", 45.5646, 5.9178, 0.7, 0.0, (0, 3), 1),
    Site(
        "FR-VAL1",
        "Valence Sud",
        "Drôme",
        44.9334,
        4.8924,
        0.8,
        0.0,
        (1, 3),
        2,
        like_site="FR-CHA1",
        opened_at=0.4,
    ),
    Site("FR-BOU1", "Bourg-en-Bresse", "Ain", 46.2052, 5.2255, 0.6, 0.0, (1, 3), 2),
    Site("FR-CLE1", "Clermont-Ferrand", "Puy-de-Dôme", 45.7772, 3.0870, 1.0, 0.0, (0, 3), 2),
    Site("FR-DIJ1", "Dijon", "Côte-d'Or", 47.3220, 5.0415, 0.9, 0.0, (0, 3), 2),
    Site("FR-AVI1", "Avignon", "Vaucluse", 43.9493, 4.8055, 0.8, 0.3, (1, 3), 2),
)


@dataclass(frozen=True)
class Supplier:
    """Terms by contract, then habits that the ERP does not know."""

    code: str
    name: str
    lead_time_days: int
    lead_time_basis: str = "calendar"
    order_days: tuple[int, ...] = (0, 3)
    cutoff_time: str = "12:00"
    receiving_days: tuple[int, ...] = (0, 1, 2, 3, 4)
    minimum_order_value: float = 0.0
    review_days: int = 7
    lot_days: int = 7  # planners order at least so many days of demand; 0: what the review needs
    august_days: int = 0  # closed from 1 August
    year_end: bool = True  # closed from 24 December to 2 January
    late_share: float = 0.1  # of orders
    late_days: float = 3.0  # mean delay of a late order
    short_share: float = 0.03  # of lines that arrive short
    role: str = ""  # "container" or "stopped": the drama of the last weeks


SUPPLIERS: Final = (
    Supplier(
        "BELLEDONNE", "Torréfaction Belledonne", 5, "working", (0, 3), "11:00", late_share=0.04
    ),
    Supplier("THESDELEST", "Thés de l'Est", 18, order_days=(1,), late_share=0.3, late_days=6.0),
    Supplier(
        "MARCHAND", "Conserverie Marchand", 10, order_days=(0, 2), minimum_order_value=300.0,
        august_days=21,
    ),
    Supplier("SAVEURSMIDI", "Épices & Saveurs du Midi", 8, late_share=0.45, late_days=6.0),
    Supplier("BISCALPES", "Biscuiterie des Alpes", 6, "working", (1, 4), "10:30", late_share=0.05),
    Supplier("VOIRONNE", "Chocolaterie Voironne", 9, short_share=0.3, august_days=14),
    Supplier(
        "SOURCES07", "Sources de l'Ardèche", 4, order_days=(0, 2, 4), cutoff_time="16:00",
        minimum_order_value=400.0, year_end=False, late_share=0.05,
    ),
    Supplier("VERGERS", "Vergers Réunis", 7, order_days=(1, 4), late_share=0.4, late_days=5.0),
    Supplier(
        "SAVLAURENT", "Savonnerie Laurent", 9, order_days=(0, 3), lot_days=28, late_share=0.12,
        role="stopped",
    ),
    Supplier("ECOLAV", "Écolav Distribution", 7, "working", (2,), short_share=0.25),
    Supplier(
        "NOVAPACK", "Novapack", 65, order_days=(0,), cutoff_time="11:00",
        receiving_days=(0, 1, 2, 3),
        review_days=28, lot_days=0, late_share=0.35, late_days=5.0, year_end=False,
        role="container",
    ),
    Supplier(
        "LIMOGES", "Arts & Tables de Limoges", 21, order_days=(1,), late_share=0.3, late_days=7.0,
        august_days=21,
    ),
    Supplier("DAUPHINE", "Jardins du Dauphiné", 12, order_days=(0, 3), august_days=14),
)  # fmt: skip


@dataclass(frozen=True)
class Category:
    """`season`: bumps (day of the year, width in days, height) on a year of ones."""

    name: str
    suppliers: tuple[str, ...]  # taken in turn by its items
    buyer: str
    rate: float  # median units a day of an item in a store of size one
    season: tuple[tuple[int, float, float], ...]
    items: tuple[tuple[str, tuple[str, ...], float], ...]  # stem, formats, cost of the first one
    shelf_life_days: int = 0  # 0: does not expire


CATEGORIES: Final = (
    Category(
        "Café et thé",
        ("BELLEDONNE", "BELLEDONNE", "THESDELEST"),
        "C. Morel",
        1.9,
        ((350, 30, 0.35), (20, 45, 0.2), (215, 30, -0.25)),
        (
            ("Café moulu", ("250 g", "500 g", "1 kg"), 2.4),
            ("Café en grains", ("500 g", "1 kg"), 5.2),
            ("Café décaféiné moulu", ("250 g",), 2.9),
            ("Capsules espresso", ("x10", "x30", "x50"), 2.1),
            ("Thé vert menthe", ("25 sachets", "100 g vrac"), 1.6),
            ("Thé noir Earl Grey", ("25 sachets", "100 g vrac"), 1.7),
            ("Rooibos vanille", ("25 sachets",), 1.9),
            ("Infusion verveine", ("25 sachets", "50 sachets"), 1.4),
            ("Chicorée soluble", ("100 g", "200 g"), 1.8),
            ("Chocolat en poudre", ("400 g", "1 kg"), 2.6),
            ("Sucre en bûchettes", ("x100", "x500"), 1.5),
        ),
        365,
    ),
    Category(
        "Épicerie salée",
        ("MARCHAND", "SAVEURSMIDI"),
        "C. Morel",
        2.2,
        ((352, 14, 0.45), (200, 40, 0.15)),
        (
            ("Lentilles vertes du Puy", ("500 g", "1 kg"), 1.6),
            ("Riz de Camargue", ("500 g", "1 kg", "5 kg"), 1.5),
            ("Huile d'olive vierge extra", ("50 cl", "1 l"), 4.6),
            ("Vinaigre balsamique", ("25 cl", "50 cl"), 2.2),
            ("Moutarde de Dijon", ("200 g", "850 g"), 1.1),
            ("Fleur de sel", ("125 g", "1 kg"), 2.3),
            ("Poivre noir moulu", ("50 g", "250 g"), 1.3),
            ("Herbes de Provence", ("20 g", "100 g"), 0.9),
            ("Terrine de campagne", ("180 g",), 2.0),
            ("Olives noires à la grecque", ("200 g", "1 kg"), 1.5),
            ("Ravioles sèches", ("250 g", "500 g"), 1.9),
        ),
        540,
    ),
    Category(
        "Épicerie sucrée",
        ("BISCALPES", "VOIRONNE"),
        "C. Morel",
        2.0,
        ((352, 18, 1.0), (98, 10, 0.6), (45, 6, 0.25), (210, 35, -0.25)),
        (
            ("Sablés au beurre", ("125 g", "400 g"), 1.5),
            ("Madeleines", ("x8", "x24"), 1.4),
            ("Palets aux noix de Grenoble", ("150 g", "300 g"), 2.1),
            ("Tablette chocolat noir 70 %", ("100 g", "200 g"), 1.3),
            ("Tablette chocolat au lait", ("100 g", "200 g"), 1.2),
            ("Papillotes assorties", ("250 g", "1 kg"), 3.9),
            ("Miel de montagne", ("250 g", "500 g"), 3.2),
            ("Confiture d'abricot", ("325 g", "750 g"), 1.8),
            ("Confiture de myrtille", ("325 g",), 2.4),
            ("Nougat tendre", ("100 g", "300 g"), 2.2),
            ("Pâte de fruits", ("200 g",), 2.6),
        ),
        270,
    ),
    Category(
        "Boissons",
        ("SOURCES07", "VERGERS"),
        "A. Benali",
        2.8,
        ((200, 45, 0.7), (355, 10, 0.3)),
        (
            ("Eau minérale plate", ("50 cl", "1 l", "1,5 l"), 0.3),
            ("Eau minérale gazeuse", ("50 cl", "1 l"), 0.4),
            ("Limonade artisanale", ("33 cl", "1 l"), 0.8),
            ("Jus de pomme", ("25 cl", "1 l"), 0.7),
            ("Jus d'abricot", ("25 cl", "1 l"), 0.9),
            ("Nectar de poire", ("25 cl", "1 l"), 0.9),
            ("Sirop de menthe", ("70 cl",), 2.3),
            ("Sirop de grenadine", ("70 cl",), 2.2),
            ("Thé glacé pêche", ("33 cl", "1,5 l"), 0.6),
            ("Bière blonde de l'Isère", ("33 cl", "75 cl"), 1.1),
        ),
        300,
    ),
    Category(
        "Hygiène et entretien",
        ("SAVLAURENT", "ECOLAV"),
        "S. Garnier",
        1.3,
        ((15, 25, 0.2), (250, 20, 0.15)),
        (
            ("Savon de Marseille", ("100 g", "300 g", "600 g"), 0.9),
            ("Savon liquide", ("300 ml", "1 l", "5 l"), 1.3),
            ("Gel hydroalcoolique", ("100 ml", "500 ml"), 1.0),
            ("Liquide vaisselle", ("500 ml", "5 l"), 1.1),
            ("Nettoyant multi-usage", ("750 ml", "5 l"), 1.4),
            ("Éponge grattante", ("x3", "x10"), 0.9),
            ("Essuie-tout", ("x2", "x6"), 1.2),
            ("Papier toilette", ("x6", "x24"), 1.9),
            ("Sacs poubelle 50 l", ("x20", "x100"), 1.6),
            ("Vinaigre ménager", ("1 l", "5 l"), 0.8),
        ),
    ),
    Category(
        "Emballage",
        ("NOVAPACK",),
        "S. Garnier",
        1.5,
        ((352, 25, 0.35), (190, 40, 0.3)),
        (
            ("Gobelet carton 10 cl", ("x50", "x100"), 1.2),
            ("Gobelet carton 25 cl", ("x50", "x100"), 1.7),
            ("Couvercle gobelet", ("x50", "x100"), 1.0),
            ("Boîte repas kraft", ("x25", "x50", "x200"), 3.4),
            ("Bol à salade kraft", ("x25", "x50"), 3.9),
            ("Couverts en bois", ("x50", "x100"), 1.6),
            ("Serviettes 2 plis", ("x50", "x100"), 0.9),
            ("Sac kraft à poignées", ("x25", "x50"), 2.4),
            ("Assiette en pulpe 23 cm", ("x20", "x50"), 2.1),
            ("Papier cuisson", ("10 m", "50 m"), 1.3),
        ),
    ),
    Category(
        "Arts de la table",
        ("LIMOGES", "LIMOGES", "NOVAPACK"),
        "A. Benali",
        0.35,
        ((345, 25, 1.1), (150, 15, 0.3)),
        (
            ("Assiette porcelaine blanche", ("21 cm", "27 cm"), 4.2),
            ("Tasse à expresso", ("6 cl", "9 cl"), 2.8),
            ("Mug grès émaillé", ("25 cl", "35 cl"), 3.6),
            ("Verre à eau", ("25 cl", "35 cl"), 1.5),
            ("Verre à pied", ("25 cl", "45 cl"), 2.2),
            ("Carafe", ("50 cl", "1 l"), 4.9),
            ("Couteau de table", ("inox", "manche hêtre"), 2.6),
            ("Fourchette de table", ("inox", "manche hêtre"), 2.1),
            ("Nappe coton", ("150 × 150 cm", "150 × 250 cm"), 11.5),
            ("Plat à four", ("24 cm", "32 cm"), 8.4),
        ),
    ),
    Category(
        "Jardin et terrasse",
        ("DAUPHINE",),
        "A. Benali",
        0.8,
        ((120, 32, 1.8), (180, 40, 0.7), (10, 40, -0.4)),
        (
            ("Terreau universel", ("10 l", "40 l"), 2.2),
            ("Engrais tomates", ("1 kg", "4 kg"), 3.1),
            ("Graines de radis", ("5 g",), 0.8),
            ("Graines de basilic", ("2 g",), 0.8),
            ("Graines de tournesol oiseaux", ("1 kg", "5 kg"), 1.9),
            ("Pot en terre cuite", ("14 cm", "20 cm", "30 cm"), 1.4),
            ("Gants de jardin", ("T8", "T10"), 2.3),
            ("Bougie citronnelle", ("200 g", "500 g"), 1.9),
            ("Charbon de bois", ("3 kg", "5 kg"), 2.7),
            ("Allume-feu naturel", ("x24", "x48"), 1.2),
        ),
    ),
)

SHARE_OF_COST: Final[Mapping[int, float]] = {0: 1.0, 1: 1.8, 2: 3.3}
"""What a bigger format costs against the first one."""

CUSTOMERS: Final = (
    "Hôtel Bellevue", "Brasserie du Lac", "Café des Arts", "Lycée Champollion", "Mairie de Meylan",
    "Restaurant L'Épicurien", "Traiteur Perrin", "Clinique des Cèdres", "Camping Les Écrins",
    "Boulangerie Chaix", "Auberge du Vercors", "Crèche Les Lutins", "Hôtel de l'Europe",
    "Cantine Part-Dieu", "Club nautique d'Annecy", "Bistrot de la Gare", "Comité des fêtes de Tain",
    "Résidence Les Tilleuls", "Chocolaterie Blanc", "Food-truck Le Dauphin",
    "Salon de thé Violette",
    "Collège Jean-Moulin", "Refuge du Col", "Cinéma Le Club", "Spa des Bauges",
)  # fmt: skip
