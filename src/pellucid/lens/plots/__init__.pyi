from pellucid.lens.plots.evaluation_plots import confusion_matrix as confusion_matrix
from pellucid.lens.plots.evaluation_plots import misclassified as misclassified
from pellucid.lens.plots.evaluation_plots import reliability as reliability
from pellucid.lens.plots.evaluation_plots import residuals as residuals
from pellucid.lens.plots.explanation_plots import contributions as contributions
from pellucid.lens.plots.explanation_plots import partial_dependence as partial_dependence
from pellucid.lens.plots.explanation_plots import permutation_importance as permutation_importance
from pellucid.lens.plots.figure_style import save as save
from pellucid.lens.plots.figure_style import style as style
from pellucid.lens.plots.line_plots import activation as activation
from pellucid.lens.plots.line_plots import learning_curves as learning_curves
from pellucid.lens.plots.line_plots import learning_rate_range as learning_rate_range
from pellucid.lens.plots.line_plots import precision_recall as precision_recall
from pellucid.lens.plots.line_plots import robustness as robustness
from pellucid.lens.plots.line_plots import roc as roc
from pellucid.lens.plots.network_plot import network as network
from pellucid.lens.plots.search_plot import trials as trials
from pellucid.lens.plots.surface_plots import decision_surface as decision_surface
from pellucid.lens.plots.surface_plots import weights as weights

_MODULE_OF: dict[str, str]
__all__: list[str]
